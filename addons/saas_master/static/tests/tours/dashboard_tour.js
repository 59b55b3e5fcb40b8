import { registry } from "@web/core/registry";
import { check, goOn, patiently } from "./helpers";

const tile = (label, count) =>
    `.o_saas_tiles button:contains("${label}"):has(.fs-2:text(${count}))`;
const BACK = { trigger: ".o_back_button", run: "click" };
const rows = (count, text) => ({
    trigger: `.o_data_row:contains("${text}")`,
    run() {
        const found = [...document.querySelectorAll(".o_data_row")];
        const right = found.filter((row) => row.textContent.includes(text));
        check(
            found.length === count && right.length === count,
            `there are ${count} rows, each with "${text}"`
        );
    },
});

registry.category("web_tour.tours").add("saas_master_dashboard", {
    steps: () =>
        patiently([
            { trigger: tile("Running", 1) },
            { trigger: tile("Stopped", 1) },
            { trigger: tile("failed in 7 days", 0), run: goOn },
            // One more runs, and one failed: seen at the next look, within ten seconds.
            { trigger: tile("Running", 2) },
            { trigger: tile("failed in 7 days", 1) },
            { trigger: "#saas_failed:contains('What Failed Last')" },
            { trigger: tile("Running", 2), run: "click" },
            { trigger: ".o_breadcrumb:contains(Running)" },
            rows(2, "Running"),
            BACK,
            { trigger: tile("failed in 7 days", 1), run: "click" },
            { trigger: ".o_breadcrumb:contains('Failed Operations')" },
            rows(1, "Failed"),
            BACK,
            { trigger: "section[aria-label=Clusters] article .btn-link", run: "click" },
            { trigger: ".o_form_view [name=base_domain]:contains(tenants.test)" },
        ]),
});
