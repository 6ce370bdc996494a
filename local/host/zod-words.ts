import { en } from "zod/locales";
import * as z from "zod/mini";

// `zod/mini` brings no words for its errors: these are the English ones.
z.config(en());

/** What is wrong with a file, in one line: each field's path, what was expected and what was found. */
export const wordsOf = ({ issues }: Pick<z.core.$ZodError, "issues">): string =>
  issues.map(({ path, message }) => `${path.join(".") || "(root)"}: ${message}`).join("; ");
