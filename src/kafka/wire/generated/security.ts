// Generated from src/kafka/wire/layouts by scripts/generate-wire.ts. Do not edit.
export interface AlterUserScramCredentialsRequest {
  readonly deletions: readonly {
    readonly name: string
    readonly mechanism: number
  }[]
  readonly upsertions: readonly {
    readonly name: string
    readonly mechanism: number
    readonly iterations: number
    readonly salt: Uint8Array
    readonly saltedPassword: Uint8Array
  }[]
}
export interface AlterUserScramCredentialsResponse {
  readonly throttleTimeMs: number
  readonly results: readonly {
    readonly user: string
    readonly errorCode: number
    readonly errorMessage: string | null
  }[]
}
export interface CreateAclsRequest {
  readonly creations: readonly {
    readonly resourceType: number
    readonly resourceName: string
    readonly resourcePatternType: number
    readonly principal: string
    readonly host: string
    readonly operation: number
    readonly permissionType: number
  }[]
}
export interface CreateAclsResponse {
  readonly throttleTimeMs: number
  readonly results: readonly {
    readonly errorCode: number
    readonly errorMessage: string | null
  }[]
}
export interface DeleteAclsRequest {
  readonly filters: readonly {
    readonly resourceTypeFilter: number
    readonly resourceNameFilter: string | null
    readonly patternTypeFilter: number
    readonly principalFilter: string | null
    readonly hostFilter: string | null
    readonly operation: number
    readonly permissionType: number
  }[]
}
export interface DeleteAclsResponse {
  readonly throttleTimeMs: number
  readonly filterResults: readonly {
    readonly errorCode: number
    readonly errorMessage: string | null
    readonly matchingAcls: readonly {
      readonly errorCode: number
      readonly errorMessage: string | null
      readonly resourceType: number
      readonly resourceName: string
      readonly patternType: number
      readonly principal: string
      readonly host: string
      readonly operation: number
      readonly permissionType: number
    }[]
  }[]
}
export interface DescribeAclsRequest {
  readonly resourceTypeFilter: number
  readonly resourceNameFilter: string | null
  readonly patternTypeFilter: number
  readonly principalFilter: string | null
  readonly hostFilter: string | null
  readonly operation: number
  readonly permissionType: number
}
export interface DescribeAclsResponse {
  readonly throttleTimeMs: number
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly resources: readonly {
    readonly resourceType: number
    readonly resourceName: string
    readonly patternType: number
    readonly acls: readonly {
      readonly principal: string
      readonly host: string
      readonly operation: number
      readonly permissionType: number
    }[]
  }[]
}
export interface DescribeUserScramCredentialsRequest {
  readonly users: readonly {
    readonly name: string
  }[] | null
}
export interface DescribeUserScramCredentialsResponse {
  readonly throttleTimeMs: number
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly results: readonly {
    readonly user: string
    readonly errorCode: number
    readonly errorMessage: string | null
    readonly credentialInfos: readonly {
      readonly mechanism: number
      readonly iterations: number
    }[]
  }[]
}
export interface SaslAuthenticateRequest {
  readonly authBytes: Uint8Array
}
export interface SaslAuthenticateResponse {
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly authBytes: Uint8Array
  readonly sessionLifetimeMs: number
}
export interface SaslHandshakeRequest {
  readonly mechanism: string
}
export interface SaslHandshakeResponse {
  readonly errorCode: number
  readonly mechanisms: readonly string[]
}
/** Those of this file by the name of their API. */
export interface SecurityMessages {
  readonly AlterUserScramCredentials: { readonly request: AlterUserScramCredentialsRequest; readonly response: AlterUserScramCredentialsResponse }
  readonly CreateAcls: { readonly request: CreateAclsRequest; readonly response: CreateAclsResponse }
  readonly DeleteAcls: { readonly request: DeleteAclsRequest; readonly response: DeleteAclsResponse }
  readonly DescribeAcls: { readonly request: DescribeAclsRequest; readonly response: DescribeAclsResponse }
  readonly DescribeUserScramCredentials: { readonly request: DescribeUserScramCredentialsRequest; readonly response: DescribeUserScramCredentialsResponse }
  readonly SaslAuthenticate: { readonly request: SaslAuthenticateRequest; readonly response: SaslAuthenticateResponse }
  readonly SaslHandshake: { readonly request: SaslHandshakeRequest; readonly response: SaslHandshakeResponse }
}
