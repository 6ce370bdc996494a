import * as z from "zod";
import { stableGuid } from "../../shared/canonical.ts";
import { noticeMail } from "../../shared/notify/templates/notice-mail.ts";
import { activity } from "../durable.ts";

/** Reading changes nothing. */
export const readChampion = activity(
  "readChampion",
  z.object({ model: z.string() }),
  z.object({ version: z.string().nullable() }),
  ({ model }) => `See which version of ${model} serves`,
  async ({ model }, { models }) => ({ version: (await models.read(model)).champion?.version ?? null }),
);

/** Safe to repeat: it sets the whole record. */
export const recordChampion = activity(
  "recordChampion",
  z.object({ model: z.string(), version: z.string(), deployment: z.string(), since: z.iso.datetime() }),
  z.null(),
  ({ version }) => `Record version ${version} as champion`,
  async ({ model, version, deployment, since }, { models }) => {
    await models.update(model, (state) => ({ ...state, champion: { version, deployment, since } }));
    return null;
  },
);

/** Safe to repeat: one mail for each operation. */
export const notifyOutcome = activity(
  "notifyOutcome",
  z.object({
    operation: z.string(),
    to: z.array(z.string()),
    subject: z.string(),
    sentence: z.string(),
    facts: z.array(z.tuple([z.string(), z.string()])),
  }),
  z.null(),
  ({ to }) => `Tell ${to.join(", ")} how it ended`,
  async ({ operation, to, subject, sentence, facts }, { config, effects, mail, now }) => {
    if (to.length === 0) return null;
    await effects.once({ operation, step: "notice" }, async () => {
      const url = `${config.publicUrl}/console/operations/${encodeURIComponent(operation)}`;
      const content = noticeMail({ subject, sentence, facts, url, now: now() });
      await mail.send({ to, ...content }, stableGuid(`${operation}/notice`));
      return null;
    });
    return null;
  },
);
