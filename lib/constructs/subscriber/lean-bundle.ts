/** The SDK's module of default credentials, with those alone that Lambda gives by environment variables. */
const LAMBDA_CREDENTIALS = [
  'export const credentialsTreatedAsExpired=()=>false,credentialsWillNeedRefresh=()=>false,defaultProvider=()=>async()=>{',
  'const{AWS_ACCESS_KEY_ID:accessKeyId,AWS_SECRET_ACCESS_KEY:secretAccessKey,AWS_SESSION_TOKEN:sessionToken}=process.env;',
  'if(accessKeyId&&secretAccessKey)return{accessKeyId,secretAccessKey,sessionToken};',
  "throw Object.assign(new Error('AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set, as they are in Lambda'),{name:'CredentialsProviderError'})}",
].join('');

/**
 * Modules that a handler's bundle takes for others, so that a cold start reads less.
 *
 * - Node's `http` as a CommonJS module: as an ES module it has all of its exports looked at, of which some load the whole of
 *   `fetch`. Without that, a cold start takes a tenth less CPU time.
 * - Credentials as Lambda gives them. The SDK's own chain brings 100 KB of other ways, from profiles to single sign-on, of
 *   which none is there.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
 */
export const LEAN_MODULES: Readonly<Record<string, string>> = {
  'node:http': "data:text/javascript,module.exports=process.getBuiltinModule('node:http')",
  '@aws-sdk/credential-provider-node': `data:text/javascript,${LAMBDA_CREDENTIALS}`,
};

/** The end of a handler's module: it waits for what the run time does while Lambda initializes the process. */
export const INITIALIZED_FOOTER = "await globalThis[Symbol.for('waybill.initialized')];";
