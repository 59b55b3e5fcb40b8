import { Component, onWillStart, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { usePolling } from "../core/polling";
import { readTime } from "../core/time";

const REFRESH_SECONDS = 10;
const STATUS_CLASSES = {
    running: "text-success",
    error: "text-danger",
    paused: "text-warning",
    creating: "text-info",
    starting: "text-info",
    stopping: "text-info",
};

/** The fleet at a glance; every figure leads to its list. */
export class SaasDashboard extends Component {
    static template = "saas_master.Dashboard";
    static components = { Layout };
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({ fleet: null });
        this.polling = usePolling(() => this.look(), REFRESH_SECONDS * 1000);
        onWillStart(() => this.polling.start());
    }

    async look() {
        this.state.fleet = await this.orm.silent.call("saas.dashboard", "get_fleet", []);
        return true;
    }

    get instanceCount() {
        return this.state.fleet.statuses
            .filter(({ status }) => status !== "terminated")
            .reduce((sum, { count }) => sum + count, 0);
    }

    get places() {
        const { clusters, servers, storages } = this.state.fleet;
        return [
            { title: _t("Clusters"), model: "saas.cluster", places: clusters },
            { title: _t("Database Servers"), model: "saas.database.server", places: servers },
            { title: _t("Storages"), model: "saas.storage", places: storages },
        ];
    }

    getStatusClass({ status, count }) {
        return count ? STATUS_CLASSES[status] || "" : "text-muted";
    }

    formatSeconds(seconds) {
        return seconds === null ? "–" : _t("%s s", seconds.toFixed(2));
    }

    formatTime(iso) {
        return readTime(iso).toRelative();
    }

    getShare({ used, capacity }) {
        return capacity ? Math.min(100, Math.round((100 * used) / capacity)) : 0;
    }

    getMeterClass(meter) {
        const share = this.getShare(meter);
        if (share >= 95) {
            return "bg-danger";
        }
        return share >= 80 ? "bg-warning" : "bg-success";
    }

    openStatus({ status, label }) {
        this.openList("saas.instance", [["status", "=", status]], label);
    }

    openActive() {
        this.openList(
            "saas.operation",
            [["state", "in", ["queued", "running"]]],
            _t("Operations under Way")
        );
    }

    openFailed() {
        this.openList(
            "saas.operation",
            [
                ["state", "=", "failed"],
                ["create_date", ">", "-7d"],
            ],
            _t("Failed Operations")
        );
    }

    openCreations() {
        this.action.doAction("saas_master.saas_operation_analysis_action", {
            additionalContext: { search_default_provision: 1 },
        });
    }

    openList(model, domain, name) {
        this.action.doAction({
            type: "ir.actions.act_window",
            name,
            res_model: model,
            domain,
            views: [
                [false, "list"],
                [false, "form"],
            ],
        });
    }

    openRecord(model, id) {
        this.action.doAction({
            type: "ir.actions.act_window",
            res_model: model,
            res_id: id,
            views: [[false, "form"]],
        });
    }
}

registry.category("actions").add("saas_master.dashboard", SaasDashboard);
