import type { MessageAlgorithm, SubscriptionSignature } from '$lib/api';

/** How deliveries are signed, while a person edits it. */
export interface SignatureDraft {
  hasV1a: boolean;
  /** Empty for none. */
  httpMessage: MessageAlgorithm | '';
}

/** A stored choice as a draft; absent means v1 alone. */
export function signatureDraft(signature: Partial<SubscriptionSignature> | undefined): SignatureDraft {
  return {
    hasV1a: signature?.schemes?.includes('v1a') ?? false,
    httpMessage: signature?.http_message ?? '',
  };
}

/** The JSON of a draft. */
export function signatureOf({ hasV1a, httpMessage }: SignatureDraft): SubscriptionSignature {
  return {
    schemes: hasV1a ? ['v1', 'v1a'] : ['v1'],
    ...(httpMessage === '' ? {} : { http_message: httpMessage }),
    // The document says that it is always there, since it has a default.
  } as SubscriptionSignature;
}

/** Whether a key pair signs, so that there is a public key to verify with. */
export function hasKeyPair(signature: Partial<SubscriptionSignature> | undefined): boolean {
  const { hasV1a, httpMessage } = signatureDraft(signature);
  return hasV1a || httpMessage === 'ed25519';
}
