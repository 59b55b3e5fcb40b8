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

-- The log of events is only ever appended to.
REVOKE UPDATE, DELETE ON saas_event FROM saas_web;
COMMIT;
