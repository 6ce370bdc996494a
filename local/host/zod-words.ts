/** `zod/mini` brings no words for its errors: these are the English ones. Imported for that effect. */
import { en } from "zod/locales";
import { config } from "zod/mini";

config(en());
