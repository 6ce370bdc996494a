import { type Answer, replies } from "./request-reply.ts";

/** Claims-based security: on the loopback interface every token will do. */
export const answerTokens: Answer = ({ operation }, reply) => {
  reply(operation === "put-token" ? replies.accepted() : replies.unknown(operation));
};
