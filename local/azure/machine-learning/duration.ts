import { invalid } from "./refusal.ts";

const FORM = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;

/**
 * Milliseconds of an ISO 8601 duration of days, hours, minutes and (broken) seconds.
 *
 * @throws {Refusal} 400 naming the field
 */
export function readDuration(field: string, text: string): number {
  const found = FORM.exec(text);
  if (!found || !/\d/.test(text))
    throw invalid(`${field} is '${text}', expected an ISO 8601 duration such as PT5M.`);
  const [, days = "0", hours = "0", minutes = "0", seconds = "0"] = found;
  return (((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
}
