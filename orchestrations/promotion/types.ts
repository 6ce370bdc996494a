import * as z from "zod";
import { OperationInput } from "../operation.ts";

export const PromotionInput = OperationInput.extend({ version: z.string() });
export type PromotionInput = z.infer<typeof PromotionInput>;
