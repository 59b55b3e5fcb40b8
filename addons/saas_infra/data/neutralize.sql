-- a copied master must not reach what the original drives
UPDATE saas_database_server
   SET state = 'closed', admin_password_sealed = NULL,
       host = 'neutralized-' || id || '.invalid';
UPDATE saas_cluster
   SET state = 'closed';
UPDATE saas_proxy
   SET state = 'closed', address = 'neutralized-' || id || '.invalid';
UPDATE saas_storage
   SET state = 'closed', root = '/neutralized/' || id;
