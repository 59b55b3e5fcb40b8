-- nothing that waits may run in the copy (queue_job brings no such file itself)
UPDATE queue_job SET state = 'cancelled'
 WHERE state IN ('wait_dependencies', 'pending', 'enqueued', 'started');
UPDATE saas_operation SET state = 'discarded', runner = NULL
 WHERE state IN ('queued', 'running');
UPDATE saas_inquiry SET state = 'failed' WHERE state = 'waiting';
DELETE FROM saas_login_ticket;
UPDATE saas_instance SET password_sealed = NULL, proxy_secret_sealed = NULL,
       mail_password_sealed = NULL;
UPDATE saas_template SET password_sealed = NULL;
INSERT INTO ir_config_parameter (key, value)
     VALUES ('saas_master.frozen', 'This is a neutralized copy.')
ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value;
