// Profiles: where logs are and how to get in.
export {
  httpAccess,
  kafkaAccess,
  type HttpAccess,
  type SaslAccess,
  type TlsAccess
} from './access.ts'
export {
  chooseProfile,
  type ChosenProfile,
  type ProfileChoice,
  type ProfileSource
} from './choose.ts'
export {
  describeProfile,
  holdsSecrets,
  withoutSecrets,
  type EmbeddedProfile,
  type KafkaAccess,
  type KafkaProfile,
  type Profile,
  type SaslMechanism,
  type SaslSettings,
  type Secret,
  type ServerProfile,
  type TlsSettings
} from './profile.ts'
export { checkAddress, readProfile } from './read-profile.ts'
export type { SecretSources } from './secret.ts'
export { ProfileStore, profilesPath, type Profiles } from './store.ts'
