-- What `web` may do in the master's database. It owns nothing: it reads and writes rows.
-- Run as saas_owner after each install and upgrade; may run any number of times.
\set ON_ERROR_STOP on
BEGIN;
GRANT USAGE ON SCHEMA public TO saas_web;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO saas_web;
GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO saas_web;
ALTER DEFAULT PRIVILEGES IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO saas_web;
ALTER DEFAULT PRIVILEGES IN SCHEMA public
    GRANT USAGE, SELECT, UPDATE ON SEQUENCES TO saas_web;

-- Rows that are code, or that decide which code `jobs` runs. They change by modules, or
-- by a script as the owner; the backend's screens for them answer "permission denied".
REVOKE INSERT, UPDATE, DELETE ON
    -- scheduled and server actions, and what else has expressions that a server evaluates
    ir_cron, ir_actions, ir_act_server, ir_act_report_xml, ir_act_window, ir_act_client,
    ir_act_url,
    -- what is installed, and fields whose values are computed by a text in a row
    ir_module_module, ir_module_module_dependency, ir_module_module_exclusion,
    ir_model, ir_model_fields, ir_model_fields_selection, ir_model_inherit,
    ir_model_constraint, ir_model_relation,
    -- what an upgrade takes for its own, and removes where the module has it no longer
    ir_model_data,
    -- rules are expressions with the caller's records at hand
    ir_rule, rule_group_rel, ir_model_access,
    -- QWeb and inline templates: the mails of `jobs` are rendered from them
    ir_ui_view, mail_template, sms_template,
    -- which method a job calls when it fails, and in which channel it runs
    queue_job_function, queue_job_channel
    FROM saas_web;
-- The same of add-ons that are not always there: inline templates of Odoo's digests
DO $$ BEGIN
    IF to_regclass('digest_tip') IS NOT NULL THEN
        REVOKE INSERT, UPDATE, DELETE ON digest_tip FROM saas_web;
    END IF;
END $$;

-- Of guarded fields `web` writes what their models name (saas_guarded_grants.py). What
-- it may make of a state is said here: a request begins, or is asked for again; all
-- other moves are `jobs`' own. Arguments: the column, and each move as before>after.
CREATE OR REPLACE FUNCTION saas_check_move() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    after text := to_jsonb(NEW) ->> TG_ARGV[0];
    before text := '';
BEGIN
    IF TG_OP = 'UPDATE' THEN
        before := to_jsonb(OLD) ->> TG_ARGV[0];
    END IF;
    IF after = before OR concat(before, '>', after) = ANY (TG_ARGV) THEN
        RETURN NEW;
    END IF;
    RAISE insufficient_privilege USING MESSAGE = format(
        'permission denied: %s of %s from "%s" to "%s"',
        TG_ARGV[0], TG_TABLE_NAME, before, after);
END $$;
CREATE OR REPLACE TRIGGER saas_web_begins BEFORE INSERT ON saas_instance
    FOR EACH ROW WHEN (current_user = 'saas_web')
    EXECUTE FUNCTION saas_check_move('status', '>creating');
CREATE OR REPLACE TRIGGER saas_web_begins_creation BEFORE INSERT ON saas_instance
    FOR EACH ROW WHEN (current_user = 'saas_web')
    EXECUTE FUNCTION saas_check_move('provisioning_status', '>pending');
CREATE OR REPLACE TRIGGER saas_web_moves BEFORE INSERT OR UPDATE ON saas_operation
    FOR EACH ROW WHEN (current_user = 'saas_web')
    EXECUTE FUNCTION saas_check_move('state', '>queued', 'failed>queued');
CREATE OR REPLACE TRIGGER saas_web_begins BEFORE INSERT ON saas_operation_step
    FOR EACH ROW WHEN (current_user = 'saas_web')
    EXECUTE FUNCTION saas_check_move('state', '>pending');
CREATE OR REPLACE TRIGGER saas_web_moves BEFORE INSERT OR UPDATE ON saas_template
    FOR EACH ROW WHEN (current_user = 'saas_web')
    EXECUTE FUNCTION saas_check_move('state', '>building', 'ready>retired');
COMMIT;
