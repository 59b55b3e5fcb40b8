import { Component, onWillStart, onWillUpdateProps, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";
import { usePolling } from "../core/polling";
import { readTime } from "../core/time";

const { DateTime } = luxon;
const ACTIVE = ["queued", "running"];
const ICONS = {
    pending: "fa-circle-o text-muted",
    running: "fa-circle-o-notch fa-spin text-info",
    done: "fa-check-circle text-success",
    failed: "fa-times-circle text-danger",
};
// Of operations and of their steps.
const STATES = {
    pending: { label: _t("Waiting") },
    queued: { label: _t("Waiting"), class: "text-bg-info" },
    running: { label: _t("Running"), class: "text-bg-info" },
    done: { label: _t("Done"), class: "text-bg-success" },
    failed: { label: _t("Failed"), class: "text-bg-danger" },
    discarded: { label: _t("Discarded"), class: "text-bg-secondary" },
};

/** Shows the steps of an operation and follows it until it ends. */
export class SaasProgress extends Component {
    static template = "saas_master.Progress";
    static props = {
        ...standardWidgetProps,
        operationField: { type: String, optional: true },
    };

    setup() {
        this.orm = useService("orm");
        this.state = useState({ operation: null, now: DateTime.now() });
        this.polling = usePolling(() => this.look(), 1000);
        this.operationId = this.getOperationId(this.props);
        onWillStart(() => this.polling.start());
        onWillUpdateProps((props) => this.follow(props));
    }

    getOperationId({ record, operationField }) {
        return operationField ? record.data[operationField]?.id : record.resId;
    }

    /** A retry works on the same operation: what the record says may have changed. */
    async follow(props) {
        const operationId = this.getOperationId(props);
        const ended = !ACTIVE.includes(this.state.operation?.state);
        if (operationId !== this.operationId || ended) {
            this.operationId = operationId;
            await this.polling.start();
        }
    }

    async look() {
        if (!this.operationId) {
            this.state.operation = null;
            return false;
        }
        const before = this.state.operation;
        const operation = await this.orm.silent.call("saas.api", "operation_show", [
            this.operationId,
        ]);
        this.state.operation = operation;
        this.state.now = DateTime.now();
        const active = ACTIVE.includes(operation.state);
        const moved = before && before.id === operation.id && before.state !== operation.state;
        if (moved && !active) {
            this.props.record.model.root.load();
        }
        return active;
    }

    get badge() {
        return STATES[this.state.operation.state];
    }

    get percentage() {
        const { steps } = this.state.operation;
        const done = steps.filter((step) => step.state === "done").length;
        return steps.length ? Math.round((100 * done) / steps.length) : 0;
    }

    /** One sentence for people who hear the page. */
    get announcement() {
        const { steps } = this.state.operation;
        const at = steps.findIndex((step) => step.state !== "done");
        if (at < 0 || !ACTIVE.includes(this.state.operation.state)) {
            return `${this.state.operation.label}: ${this.badge.label}`;
        }
        return _t("Step %(number)s of %(total)s: %(label)s", {
            number: at + 1,
            total: steps.length,
            label: steps[at].label,
        });
    }

    getIcon(step) {
        return ICONS[step.state];
    }

    getStateLabel(step) {
        return STATES[step.state].label;
    }

    getSeconds(step) {
        if (step.state === "pending" || (step.state === "failed" && !step.seconds)) {
            return "";
        }
        const seconds =
            step.state === "running" && step.started ? this.since(step.started) : step.seconds;
        return _t("%s s", seconds.toFixed(step.state === "running" ? 0 : 2));
    }

    get totalSeconds() {
        const { state, seconds, requested } = this.state.operation;
        const active = ACTIVE.includes(state);
        return _t("%s s", active ? this.since(requested).toFixed(0) : seconds.toFixed(2));
    }

    /** Seconds since a time of the server. */
    since(iso) {
        return Math.max(0, this.state.now.diff(readTime(iso), "seconds").seconds);
    }
}

registry.category("view_widgets").add("saas_progress", {
    component: SaasProgress,
    extractProps: ({ attrs }) => ({ operationField: attrs.operation }),
});
