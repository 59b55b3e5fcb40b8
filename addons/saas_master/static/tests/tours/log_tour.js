import { registry } from "@web/core/registry";
import { check, goOn, patiently } from "./helpers";

const line = (text) => `.modal .o_saas_answer pre:contains("${text}")`;

registry.category("web_tour.tours").add("saas_master_log", {
    steps: () =>
        patiently([
            { trigger: "button[name=action_show_log]", run: "click" },
            { trigger: ".modal .o_saas_answer:contains(Asking)", run: goOn },
            { trigger: line("line 1 <b>of the log</b>") },
            {
                trigger: line("line 200 <b>of the log</b>"),
                run() {
                    const { scrollTop, clientHeight, scrollHeight } = this.anchor;
                    check(scrollHeight > clientHeight, "the log is longer than the dialog");
                    check(scrollTop + clientHeight > scrollHeight - 2, "its end is shown");
                },
            },
            { trigger: ".modal button[name=action_ask_again]", run: "click" },
            { trigger: ".modal .o_saas_answer:contains(Asking)", run: goOn },
            { trigger: line("line 201 <b>of the log</b>") },
            { trigger: ".modal button[name=action_ask_again]", run: "click" },
            { trigger: ".modal .o_saas_answer:contains(Asking)", run: goOn },
            { trigger: ".modal .o_saas_answer .alert-danger:contains('It is away.')" },
        ]),
});
