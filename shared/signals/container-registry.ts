import type { EventParser } from "./event-parser.ts";
import { caseless, OptionalText, shown } from "./fields.ts";
import { ignored } from "./outcome.ts";

const RegistryEvent = caseless({ action: OptionalText });

/** A push or a delete calls for nothing by itself: what a scan finds in an image does, and comes on its own. */
export const registryChanged: EventParser = (event, { rule, data }) => {
  const read = RegistryEvent.safeParse(data ?? {});
  if (!read.success) return { problem: read.error };
  return ignored(
    rule,
    `${shown(read.data.action ?? event.type)} in a registry calls for nothing until a scan finds something`,
  );
};
