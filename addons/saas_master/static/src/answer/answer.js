import { Component, onWillStart, useEffect, useRef, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";
import { usePolling } from "../core/polling";

const LATE = 30_000;

/** Waits for the answer to an inquiry, then shows it as text, as changes or as a small table. */
export class SaasAnswer extends Component {
    static template = "saas_master.Answer";
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.text = useRef("text");
        this.state = useState({ inquiry: { state: "waiting" }, isLate: false });
        this.asked = Date.now();
        this.polling = usePolling(() => this.look(), 400);
        onWillStart(() => this.polling.start());
        useEffect(
            (text) => {
                if (text) {
                    text.scrollTop = text.scrollHeight;
                }
            },
            () => [this.text.el, this.state.inquiry.state]
        );
    }

    async look() {
        this.state.inquiry = await this.orm.silent.call("saas.api", "inquiry_show", [
            this.props.record.resId,
        ]);
        this.state.isLate = Date.now() - this.asked > LATE;
        return this.state.inquiry.state === "waiting";
    }

    get isText() {
        return typeof this.state.inquiry.answer === "string";
    }

    get changes() {
        return this.state.inquiry.answer?.changes;
    }

    get lines() {
        return this.state.inquiry.answer || _t("There is nothing in it yet.");
    }

    get facts() {
        return Object.entries(this.state.inquiry.answer || {});
    }
}

registry.category("view_widgets").add("saas_answer", { component: SaasAnswer });
