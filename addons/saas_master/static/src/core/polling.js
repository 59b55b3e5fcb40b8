import { onWillUnmount } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";

/**
 * Calls a function again and again until it says that nothing more will change.
 *
 * A hidden page asks nothing; a lost connection is tried again.
 *
 * @param {() => Promise<boolean>} look says whether to look again
 * @param {number} delay milliseconds from one answer to the next question
 * @returns {{start: () => Promise<void>, stop: () => void}}
 */
export function usePolling(look, delay) {
    let timer;
    let round = 0;

    function stop() {
        round++;
        browser.clearTimeout(timer);
    }

    async function tick(mine) {
        let again = true;
        if (!document.hidden) {
            try {
                again = await look();
            } catch (error) {
                if (error.name === "RPC_ERROR") {
                    throw error;
                }
            }
        }
        if (again && mine === round) {
            timer = browser.setTimeout(() => tick(mine), delay);
        }
    }

    async function start() {
        stop();
        await tick(round);
    }

    onWillUnmount(stop);
    return { start, stop };
}
