import type { TakeFault } from "../service.ts";
import type { OperationError } from "./operations.ts";

const CODED = /^([A-Z][A-Za-z]+): (.+)$/s;

/** Why what is about to start must fail; undefined when it need not. @param code - of a fault that names none */
export function takeFault(
  take: TakeFault | undefined,
  target: "deployment" | "job",
  name: string,
  code: string,
): OperationError | undefined {
  const fault = take?.(target, name);
  if (fault === undefined) return undefined;
  const coded = CODED.exec(fault);
  return coded ? { code: coded[1] ?? code, message: coded[2] ?? fault } : { code, message: fault };
}
