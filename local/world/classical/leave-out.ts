import type { LeaveOut } from "./model.ts";

/**
 * Errors on days that a model has learnt from are measured without those days and the three on either side: a
 * candidate trained on the newest days would otherwise look up the answers.
 */
export const LEAVE_OUT: LeaveOut = { days: 3 };
