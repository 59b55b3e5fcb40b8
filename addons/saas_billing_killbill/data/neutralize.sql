-- a copied master must not publish to, nor be told by, the Kill Bill of the original
UPDATE saas_killbill_server
   SET state = 'closed', admin_password_sealed = NULL, tenant_secret_sealed = NULL,
       url = 'http://neutralized-' || id || '.invalid';
