// SaslHandshake and SaslAuthenticate: how a client says who it is.
import type { Handler } from '../context.ts'

/** Answers SaslHandshake. */
export const handleSaslHandshake: Handler<'SaslHandshake'> = (_context, request, caller, version) =>
  caller.login.handshake(request.mechanism, version)

/** Answers SaslAuthenticate. */
export const handleSaslAuthenticate: Handler<'SaslAuthenticate'> = (_context, request, caller) =>
  caller.login.authenticate(request.authBytes)
