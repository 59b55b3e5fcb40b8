import { rpc } from "@web/core/network/rpc";

/** Has the test in Python do what it does next; the page itself is told nothing. */
export function goOn() {
    const call = { model: "saas.api", method: "go_on_for_test", args: [[]], kwargs: {} };
    return rpc(`/web/dataset/call_kw/${call.model}/${call.method}`, call);
}

/**
 * @param {boolean} holds
 * @param {string} what is claimed
 */
export function check(holds, what) {
    if (!holds) {
        throw new Error(`It is not so that ${what}.`);
    }
}

/**
 * Lets a tour wait longer for each of its steps than Odoo does: the machine may be busy.
 *
 * @param {Object[]} steps
 * @returns {Object[]}
 */
export function patiently(steps) {
    return steps.map((step) => ({ timeout: 60000, ...step }));
}
