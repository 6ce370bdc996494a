import { errors, jwtVerify, SignJWT } from "jose";
import * as z from "zod";

/** What a link stands for: this person, this request, this evidence. */
const LinkClaims = z.object({ aid: z.string(), sub: z.email(), dig: z.string() });

const AUDIENCE = "outerloop-approval";

/** Why a link does not open its page. The reader is told no more than this word: a forger learns nothing. */
export type LinkFault = "expired" | "invalid";

export type LinkReading =
  | {
      readonly valid: true;
      readonly approvalId: string;
      readonly email: string;
      readonly evidenceDigest: string;
    }
  | { readonly valid: false; readonly fault: LinkFault };

/** Signs and reads the tokens in approval links (HS256, a key of this app alone). */
export class ApprovalLinks {
  readonly #key: Uint8Array;
  readonly #publicUrl: string;

  constructor(key: string, publicUrl: string) {
    this.#key = new TextEncoder().encode(key);
    this.#publicUrl = publicUrl;
  }

  /** The address in one approver's mail. */
  async url(
    approval: { id: string; evidenceDigest: string; expiresAt: string },
    email: string,
  ): Promise<string> {
    const token = await new SignJWT({ aid: approval.id, dig: approval.evidenceDigest })
      .setProtectedHeader({ alg: "HS256" })
      .setSubject(email)
      .setAudience(AUDIENCE)
      .setExpirationTime(new Date(approval.expiresAt))
      .sign(this.#key);
    return `${this.#publicUrl}/approvals/${encodeURIComponent(approval.id)}?token=${token}`;
  }

  async read(token: string, now: Date): Promise<LinkReading> {
    try {
      const options = { audience: AUDIENCE, algorithms: ["HS256"], currentDate: now };
      const { payload } = await jwtVerify(token, this.#key, options);
      const claims = LinkClaims.parse(payload);
      return { valid: true, approvalId: claims.aid, email: claims.sub, evidenceDigest: claims.dig };
    } catch (error) {
      return { valid: false, fault: error instanceof errors.JWTExpired ? "expired" : "invalid" };
    }
  }
}
