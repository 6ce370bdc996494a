/**
 * What customers write, by topic: the texts of this world are made of these. Written for this repository; nobody's
 * mail. `before` is how they ask at first, `after` how they ask once the shop sells connected things, by
 * subscription, and hands parcels out at lockers. `{thing}` is a product, `{day}` a weekday, `{order}` a number.
 */
export interface Phrases {
  readonly before: readonly string[];
  readonly after: readonly string[];
}

export const TOPICS: Readonly<Record<string, Phrases>> = {
  account: {
    before: [
      "I forgot my password and cannot log in",
      "please change the email address of my account",
      "how do I delete my customer profile",
      "the confirmation mail never came, so I cannot sign in",
      "my user name is spelled wrong in the profile",
      "I want to register but the form rejects my address",
      "log in fails, it says the password is wrong",
    ],
    after: [
      "the passkey is not accepted on my new phone",
      "face unlock stopped working in the app",
      "I lost my authenticator and am locked out",
      "the one-time code for the app never arrives",
      "can you merge my household with my partner's",
      "somebody else is paired with my profile, please remove that device",
    ],
  },
  billing: {
    before: [
      "I was charged twice for the {thing}",
      "the invoice for order {order} shows a wrong amount",
      "please send me the receipt for the {thing}",
      "why is there a fee on my credit card statement",
      "the discount was not taken off the bill",
      "my bank says the payment of {day} failed",
      "the price on the invoice is higher than in the shop",
    ],
    after: [
      "the subscription for the {thing} renewed without asking me",
      "pay later says I am overdue but I paused the plan",
      "my wallet top-up of {day} is not in the balance",
      "cashback for the {thing} is missing",
      "two instalments were debited on {day}",
      "how do I cancel the monthly plan of the {thing}",
    ],
  },
  delivery: {
    before: [
      "where is my parcel with the {thing}",
      "the courier did not come on {day}",
      "tracking says delivered but nothing arrived",
      "can you ship the {thing} to another address",
      "how long does shipping of a {thing} take",
      "order {order} has not arrived yet",
      "the package was left outside in the rain",
    ],
    after: [
      "the code does not open the locker",
      "the pickup point was closed on {day}",
      "my slot for the {thing} was cancelled by the rider",
      "the app shows out for drop-off since {day}",
      "can I collect the {thing} at the locker near work",
      "the bike messenger went to the wrong door",
    ],
  },
  repair: {
    before: [
      "the {thing} does not switch on any more",
      "the {thing} arrived with a crack in the glass",
      "the {thing} makes a strange noise",
      "is the {thing} still under warranty",
      "a part of the {thing} is broken, can it be mended",
      "where do I find the manual of the {thing}",
      "the {thing} leaks water since {day}",
    ],
    after: [
      "the firmware update bricked my {thing}",
      "the {thing} will not pair with the app",
      "the {thing} keeps dropping bluetooth",
      "my {thing} overheats while charging",
      "the sensor of the {thing} reads nonsense",
      "since the update of {day} the {thing} is offline",
    ],
  },
  returns: {
    before: [
      "I want to send the {thing} back",
      "how do I return order {order}",
      "the {thing} is too small, can I exchange it",
      "when do I get my money back for the {thing}",
      "I need a return label for the {thing}",
      "I changed my mind about the {thing} and want a refund",
      "the {thing} is not as described, please take it back",
    ],
    after: [
      "where do I scan the QR for the no-box drop-off",
      "the swap for another colour was declined",
      "I would rather have store credit for the {thing}",
      "the trial of the {thing} ends on {day}, it is not for me",
      "the QR code of the swap has expired",
      "can I hand the {thing} in at the locker for credit",
    ],
  },
};

export const THINGS: Phrases = {
  before: ["kettle", "coffee machine", "lamp", "vacuum cleaner", "toaster", "radio", "fan", "iron"],
  after: [
    "smart ring",
    "air fryer",
    "scooter",
    "doorbell",
    "robot mower",
    "tracker",
    "headset",
    "thermostat",
  ],
};

export const DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday"] as const;
export const OPENINGS = ["", "", "hello,", "good morning,", "hi there,", "dear team,"] as const;
export const CLOSINGS = [
  "",
  "",
  "thank you",
  "please help",
  "this is urgent",
  "kind regards",
  "what now",
] as const;
