import { registry } from "@web/core/registry";
import { goOn, patiently } from "./helpers";

const tours = registry.category("web_tour.tours");
const shows = (text) => `.o_saas_progress:contains("${text}")`;
const step = (label, state) =>
    `.o_saas_progress li:contains("${label}"):contains("${state}")`;
const now = (state) => `.o_statusbar_status .o_arrow_button_current:contains("${state}")`;

// A tour fails where its page is loaded anew: what it sees came to the page by itself.
tours.add("saas_master_progress", {
    steps: () =>
        patiently([
            { trigger: step("Find a place", "Waiting") },
            { trigger: step("Make the folder", "Waiting"), run: goOn },
            { trigger: step("Find a place", "Running") },
            { trigger: step("Make the folder", "Waiting"), run: goOn },
            { trigger: step("Find a place", "Done") },
            { trigger: step("Make the folder", "Running") },
            { trigger: ".o_saas_progress [role=status]:contains('Step 2 of')", run: goOn },
            { trigger: step("Make the folder", "Failed") },
            { trigger: step("Make the folder", "The disk <b>is</b> full.") },
            { trigger: ".o_saas_progress .badge:contains(Failed)" },
            // The form around it is read again when the operation ends.
            { trigger: now("Failed") },
            { trigger: "button[name=action_retry]", run: "click" },
            { trigger: ".o_saas_progress .badge:contains(Waiting)", run: goOn },
            { trigger: ".o_saas_progress .badge:contains(Done)" },
            { trigger: ".o_saas_progress .progress[aria-valuenow='100']" },
            { trigger: ".o_saas_progress:not(:contains(Waiting)):not(:contains(Running))" },
            { trigger: now("Done") },
            { trigger: ".o_form_view:not(:has(button[name=action_retry]))" },
        ]),
});

// What is asked for in the page is followed in it, too.
tours.add("saas_master_stop", {
    steps: () =>
        patiently([
            { trigger: shows("Create") },
            { trigger: "button[name=action_stop]", run: "click" },
            { trigger: ".modal .alert-warning:contains('Nobody can work in the instance')" },
            { trigger: ".modal button[name=action_confirm]:contains(Stop)", run: "click" },
            { trigger: "body:not(:has(.modal))" },
            { trigger: step("End the service", "Waiting"), run: goOn },
            { trigger: step("End the service", "Done") },
            { trigger: now("Stopped") },
        ]),
});
