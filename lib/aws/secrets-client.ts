// Loaded when first used. Named one by one, so that a bundle holds these and none of the client's other commands.
export { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
