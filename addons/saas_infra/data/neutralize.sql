-- a copied master must not reach what the original drives
UPDATE saas_database_server
   SET state = 'closed', admin_password_sealed = NULL,
       host = 'neutralized-' || id || '.invalid';
UPDATE saas_cluster
   SET state = 'closed', remote_key_sealed = NULL,
       remote_address = CASE WHEN kind = 'swarm'
           THEN 'tcp://neutralized-' || id || '.invalid:2376' END;
UPDATE saas_proxy
   SET state = 'closed', admin_password_sealed = NULL,
       address = 'neutralized-' || id || '.invalid',
       redis_host = 'neutralized-' || id || '.invalid',
       ping_url = 'http://neutralized-' || id || '.invalid';
UPDATE saas_mail_relay
   SET state = 'closed', host = 'neutralized-' || id || '.invalid';
UPDATE saas_storage
   SET state = 'closed', root = '/neutralized/' || id, remote_key_sealed = NULL,
       remote_address = CASE WHEN remote_address IS NOT NULL
           THEN 'ssh://neutralized@' || id || '.invalid' END;
