import { invalid } from "./refusal.ts";

const ASSET_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_-]{0,254}$/;
/** @see the official description, `workspaceName` and `registryName` */
const PLACE_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_-]{2,32}$/;
const ENDPOINT_NAME = /^(?=.{3,32}$)[a-zA-Z][a-zA-Z0-9]*(-[a-zA-Z0-9]+)*$/;
const VERSION = /^[a-zA-Z0-9._-]{1,255}$/;

/** @throws {Refusal} 400 */
export function checkAssetName(kind: string, name: string): void {
  if (ASSET_NAME.test(name)) return;
  throw invalid(
    `The ${kind} name '${name}' is not valid, expected 1 to 255 letters, digits, '-' and '_', starting with a letter or digit.`,
  );
}

/** @throws {Refusal} 400 */
export function checkPlaceName(kind: "workspace" | "registry", name: string): void {
  if (PLACE_NAME.test(name)) return;
  throw invalid(
    `The ${kind} name '${name}' is not valid, expected 3 to 33 letters, digits, '-' and '_', starting with a letter or digit.`,
  );
}

/** @throws {Refusal} 400 */
export function checkEndpointName(kind: "endpoint" | "deployment", name: string): void {
  if (ENDPOINT_NAME.test(name)) return;
  throw invalid(
    `The ${kind} name '${name}' is not valid, expected 3 to 32 letters, digits and single dashes, starting with a letter.`,
  );
}

/** @throws {Refusal} 400 */
export function checkVersion(version: string): void {
  if (VERSION.test(version)) return;
  throw invalid(
    `The version '${version}' is not valid, expected 1 to 255 letters, digits, '.', '-' and '_'.`,
  );
}
