import { writeFileSync } from "node:fs";
import * as z from "zod";
import { PolicyDocument } from "./document.ts";

/** JSON Schema of `policy.yaml`, for editors. */
export function policyJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(PolicyDocument, { io: "input" });
  return { $schema, title: "Outerloop policy", ...schema };
}

/** `node shared/policy/write-schema.ts` writes it anew after a change to the schema. */
if (import.meta.main) {
  const file = new URL("../../policy.schema.json", import.meta.url);
  writeFileSync(file, `${JSON.stringify(policyJsonSchema(), null, 2)}\n`);
}
