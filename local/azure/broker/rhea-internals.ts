/** The parts of rhea that a server needs and its types leave out. Everything that leans on its insides is here. */
import rhea, {
  type AmqpError,
  type Connection,
  type Delivery,
  type Receiver,
  type Sender,
  type Session,
} from "rhea";

interface Attach {
  properties?: Readonly<Record<string, unknown>>;
  max_message_size?: number;
  snd_settle_mode?: number;
  rcv_settle_mode?: number;
  offered_capabilities?: string;
}

/** Sets fields of the attach frame that answers the client's; only before it is written, on the next tick. */
export function setAttach(link: Sender | Receiver, fields: Attach): void {
  const local: { attach: Attach } = Reflect.get(link, "local");
  for (const [name, value] of Object.entries(fields)) Reflect.set(local.attach, name, value);
}

/** Keeps the answer to an attach back; `link.open()` sends it later. Call it where the attach is reported. */
export function holdBackAttach(link: Sender): void {
  const state: { local_open: boolean; open_requests: number } = Reflect.get(link, "state");
  state.local_open = false;
  state.open_requests = 0;
}

interface Outgoing {
  readonly next_delivery_id: number;
  readonly next_pending_delivery: number;
  available(): number;
}

/**
 * How many messages may be handed to rhea for this link now. Its own `credit` falls only when frames are written,
 * and its buffer of unsettled deliveries throws when it is full.
 */
export function freeCredit(sender: Sender): number {
  const outgoing: Outgoing = Reflect.get(sender.session, "outgoing");
  const credit: number = Reflect.get(sender, "credit");
  return Math.min(
    credit - (outgoing.next_delivery_id - outgoing.next_pending_delivery),
    outgoing.available(),
  );
}

const ACCEPTED = "accepted";
const REJECTED = "rejected";

function outcome(name: typeof ACCEPTED | typeof REJECTED, fields: object): unknown {
  const create: (fields: object) => { described(): unknown } = Reflect.get(rhea.message, name);
  return create(fields).described();
}

/** Settles a delivery that came in: accepted, or rejected with the error. */
export function settleIncoming(delivery: Delivery, error: AmqpError | undefined): void {
  delivery.update(true, error ? outcome(REJECTED, { error }) : outcome(ACCEPTED, {}));
}

/** Confirms a receiver's outcome. Without the mark at the end rhea keeps the delivery until its buffer is full. */
export function settleOutgoing(delivery: Delivery, error: AmqpError | undefined): void {
  delivery.update(true, error ? outcome(REJECTED, { error }) : outcome(ACCEPTED, {}));
  Reflect.set(delivery, "remote_settled", true);
}

/** Sends without waiting for an outcome. */
export function sendSettled(sender: Sender, message: object): void {
  Reflect.set(sender.send({ body: undefined, ...message }), "settled", true);
}

/** A format rhea does not know: it hands such payloads over as they are. */
const RAW_FORMAT = 1;

/** Makes every message arrive as bytes: rhea's decoding of format 0 forgets number types. */
export function receiveBytes(connection: Connection): void {
  const onTransfer: (this: Connection, frame: { performative: { message_format?: number } }) => void =
    Reflect.get(connection, "on_transfer");
  connection.on_transfer = (frame: { performative: { message_format?: number } }) => {
    if (!frame.performative.message_format) frame.performative.message_format = RAW_FORMAT;
    onTransfer.call(connection, frame);
  };
}

/** The field of a composite or map as rhea read it: described values are still wrapped. */
export function plain(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Buffer.isBuffer(value) || !("toRheaTyped" in value))
    return value;
  return "value" in value ? value.value : value;
}

/** Sends of this session reach the link whose name or address the request gave. */
export function replyLink(session: Session, replyTo: string): Sender | undefined {
  return session.find_sender((link: Sender) => link.name === replyTo || link.target?.address === replyTo);
}
