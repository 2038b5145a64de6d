/** Where a query goes: an engine and its region. */
export interface QueryPlace {
  readonly endpoint: string;
  readonly region: string;
}

/** One call of AWS's query protocol, not signed: engines that check signatures refuse it, which is as good as a no. */
export async function query(
  { endpoint, region }: QueryPlace,
  service: string,
  body: Readonly<Record<string, string>>,
): Promise<string> {
  const scope = `${process.env.AWS_ACCESS_KEY_ID ?? 'test'}/20260101/${region}/${service}/aws4_request`;
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=none` },
    body: new URLSearchParams(body),
  });
  return response.ok ? response.text() : '';
}
