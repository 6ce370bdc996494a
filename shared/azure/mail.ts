import { EmailClient } from "@azure/communication-email";
import type { TokenCredential } from "@azure/identity";
import { RETRY_OPTIONS, withinTimeout } from "./options.ts";

export interface Mail {
  readonly to: readonly string[];
  readonly subject: string;
  readonly html: string;
  readonly text: string;
}

/** Sends mail through Azure Communication Services. */
export class MailSender {
  readonly #client: EmailClient;
  readonly #sender: string;

  constructor(endpoint: string, sender: string, credential: TokenCredential) {
    this.#client = new EmailClient(endpoint, credential, { retryOptions: RETRY_OPTIONS });
    this.#sender = sender;
  }

  /**
   * Hands a mail to the service. It is not waited for: a mailbox may be slow.
   *
   * @param operationId - a GUID; the same one again names the same mail, so a repeat sends nothing new
   */
  async send(mail: Mail, operationId: string): Promise<void> {
    await this.#client.beginSend(
      {
        senderAddress: this.#sender,
        recipients: { to: mail.to.map((address) => ({ address })) },
        content: { subject: mail.subject, html: mail.html, plainText: mail.text },
      },
      { operationId, abortSignal: withinTimeout() },
    );
  }
}
