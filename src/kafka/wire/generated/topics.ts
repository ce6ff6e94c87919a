// Generated from src/kafka/wire/layouts by scripts/generate-wire.ts. Do not edit.
export interface AlterConfigsRequest {
  readonly resources: readonly {
    readonly resourceType: number
    readonly resourceName: string
    readonly configs: readonly {
      readonly name: string
      readonly value: string | null
    }[]
  }[]
  readonly validateOnly: boolean
}
export interface AlterConfigsResponse {
  readonly throttleTimeMs: number
  readonly responses: readonly {
    readonly errorCode: number
    readonly errorMessage: string | null
    readonly resourceType: number
    readonly resourceName: string
  }[]
}
export interface CreatePartitionsRequest {
  readonly topics: readonly {
    readonly name: string
    readonly count: number
    readonly assignments: readonly {
      readonly brokerIds: readonly number[]
    }[] | null
  }[]
  readonly timeoutMs: number
  readonly validateOnly: boolean
}
export interface CreatePartitionsResponse {
  readonly throttleTimeMs: number
  readonly results: readonly {
    readonly name: string
    readonly errorCode: number
    readonly errorMessage: string | null
  }[]
}
export interface CreateTopicsRequest {
  readonly topics: readonly {
    readonly name: string
    readonly numPartitions: number
    readonly replicationFactor: number
    readonly assignments: readonly {
      readonly partitionIndex: number
      readonly brokerIds: readonly number[]
    }[]
    readonly configs: readonly {
      readonly name: string
      readonly value: string | null
    }[]
  }[]
  readonly timeoutMs: number
  readonly validateOnly: boolean
}
export interface CreateTopicsResponse {
  readonly throttleTimeMs: number
  readonly topics: readonly {
    readonly name: string
    readonly topicId: string
    readonly errorCode: number
    readonly errorMessage: string | null
    readonly topicConfigErrorCode: number
    readonly numPartitions: number
    readonly replicationFactor: number
    readonly configs: readonly {
      readonly name: string
      readonly value: string | null
      readonly readOnly: boolean
      readonly configSource: number
      readonly isSensitive: boolean
    }[] | null
  }[]
}
export interface DeleteTopicsRequest {
  readonly topics: readonly {
    readonly name: string | null
    readonly topicId: string
  }[]
  readonly topicNames: readonly string[]
  readonly timeoutMs: number
}
export interface DeleteTopicsResponse {
  readonly throttleTimeMs: number
  readonly responses: readonly {
    readonly name: string | null
    readonly topicId: string
    readonly errorCode: number
    readonly errorMessage: string | null
  }[]
}
export interface DescribeConfigsRequest {
  readonly resources: readonly {
    readonly resourceType: number
    readonly resourceName: string
    readonly configurationKeys: readonly string[] | null
  }[]
  readonly includeSynonyms: boolean
  readonly includeDocumentation: boolean
}
export interface DescribeConfigsResponse {
  readonly throttleTimeMs: number
  readonly results: readonly {
    readonly errorCode: number
    readonly errorMessage: string | null
    readonly resourceType: number
    readonly resourceName: string
    readonly configs: readonly {
      readonly name: string
      readonly value: string | null
      readonly readOnly: boolean
      readonly isDefault: boolean
      readonly configSource: number
      readonly isSensitive: boolean
      readonly synonyms: readonly {
        readonly name: string
        readonly value: string | null
        readonly source: number
      }[]
      readonly configType: number
      readonly documentation: string | null
    }[]
  }[]
}
export interface IncrementalAlterConfigsRequest {
  readonly resources: readonly {
    readonly resourceType: number
    readonly resourceName: string
    readonly configs: readonly {
      readonly name: string
      readonly configOperation: number
      readonly value: string | null
    }[]
  }[]
  readonly validateOnly: boolean
}
export interface IncrementalAlterConfigsResponse {
  readonly throttleTimeMs: number
  readonly responses: readonly {
    readonly errorCode: number
    readonly errorMessage: string | null
    readonly resourceType: number
    readonly resourceName: string
  }[]
}
/** Those of this file by the name of their API. */
export interface TopicsMessages {
  readonly AlterConfigs: { readonly request: AlterConfigsRequest; readonly response: AlterConfigsResponse }
  readonly CreatePartitions: { readonly request: CreatePartitionsRequest; readonly response: CreatePartitionsResponse }
  readonly CreateTopics: { readonly request: CreateTopicsRequest; readonly response: CreateTopicsResponse }
  readonly DeleteTopics: { readonly request: DeleteTopicsRequest; readonly response: DeleteTopicsResponse }
  readonly DescribeConfigs: { readonly request: DescribeConfigsRequest; readonly response: DescribeConfigsResponse }
  readonly IncrementalAlterConfigs: { readonly request: IncrementalAlterConfigsRequest; readonly response: IncrementalAlterConfigsResponse }
}
