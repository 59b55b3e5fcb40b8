import { deserializeDateTime } from "@web/core/l10n/dates";

/**
 * Reads a time as the server's methods tell it.
 *
 * @param {string} iso in UTC, such as 2026-01-31T12:00:00.123
 * @returns {luxon.DateTime}
 */
export function readTime(iso) {
    return deserializeDateTime(iso.replace("T", " ").slice(0, 19));
}
