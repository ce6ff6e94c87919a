// Profiles: what is written is read, what is wrong is refused, secrets stay where they are.
import {
  deepStrictEqual,
  doesNotMatch,
  match,
  rejects,
  strictEqual,
  throws
} from 'node:assert/strict'
import { test } from 'node:test'

import {
  SeededRandom,
  SimulatedClock,
  SimulatedDisk,
  type Disk,
  type Environment
} from '../../base/index.ts'
import {
  chooseProfile,
  describeProfile,
  httpAccess,
  kafkaAccess,
  ProfileStore,
  profilesPath,
  readProfile,
  withoutSecrets,
  type Profile
} from './index.ts'

const PATH = '/config/millrace/profiles.json'

const SERVER: Profile = readProfile(
  {
    kind: 'server',
    bootstrap: ['log.example:9093'],
    http: 'https://log.example:8443/',
    token: { value: 'sesame' },
    tls: { ca: '/ca.pem' },
    sasl: { mechanism: 'SCRAM-SHA-512', username: 'app', password: { env: 'APP_PASSWORD' } }
  },
  'server'
)

function diskOf(): Disk {
  return new SimulatedDisk(new SeededRandom(1))
}

const environmentOf = (variables: Environment['variables'] = {}): Environment => {
  return { variables, platform: 'linux', home: '/home/me' }
}

const storeOn = (disk: Disk): ProfileStore => new ProfileStore(PATH, disk, new SimulatedClock())

const at = (platform: string, variables: Environment['variables'] = {}): string =>
  profilesPath({ platform, variables, home: '/home/me' })

test('the file lies in the configuration folder of the platform', () => {
  strictEqual(at('linux'), '/home/me/.config/millrace/profiles.json')
  strictEqual(at('linux', { XDG_CONFIG_HOME: '/c' }), '/c/millrace/profiles.json')
  strictEqual(at('linux', { XDG_CONFIG_HOME: 'relative' }), at('linux'))
  strictEqual(at('darwin'), '/home/me/Library/Application Support/millrace/profiles.json')
})

test('the first profile is the current one; switching and deleting are kept', async () => {
  const disk = diskOf()
  const store = storeOn(disk)
  deepStrictEqual(await store.read(), { current: null, profiles: new Map() })
  await store.add('here', { kind: 'embedded', dataDir: '/data' })
  await store.add('east', SERVER)
  strictEqual((await storeOn(disk).read()).current, 'here')
  await store.switchTo('east')
  deepStrictEqual((await storeOn(disk).read()).profiles.get('east'), SERVER)
  strictEqual((await storeOn(disk).read()).current, 'east')
  strictEqual((await store.delete('east')).current, null)
  await rejects(store.get('east'), { code: 'PROFILE_UNKNOWN', message: /there are here/ })
})

test('a name is taken once, unless it is replaced', async () => {
  const store = storeOn(diskOf())
  await store.add('a', { kind: 'embedded', dataDir: '/one' })
  await rejects(store.add('a', SERVER), { code: 'PROFILE_EXISTS' })
  await store.add('a', SERVER, true)
  strictEqual((await store.get('a')).kind, 'server')
  await rejects(store.add('../a', SERVER), { code: 'PROFILE_INVALID' })
})

test('two that change the file at once do so one after the other', async () => {
  const disk = diskOf()
  const clock = new SimulatedClock()
  const names = ['a', 'b', 'c', 'd']
  const all = Promise.all(
    names.map(name =>
      new ProfileStore(PATH, disk, clock).add(name, { kind: 'embedded', dataDir: `/${name}` })
    )
  )
  // Far less than what they wait for at most, far more than four changes take.
  for (let turn = 0; turn < 200; turn++) await clock.advance(5)
  await all
  deepStrictEqual([...(await storeOn(disk).read()).profiles.keys()].toSorted(), names)
})

test('a damaged file is refused and left as it is', async () => {
  const disk = diskOf()
  await disk.createDirectory('/config/millrace')
  for (const text of ['{', '[]', '{"version": 2}', '{"version": 1, "profiles": []}', '3']) {
    await disk.replaceFile(PATH, Buffer.from(text))
    await rejects(storeOn(disk).add('a', SERVER), { code: 'PROFILES_DAMAGED' }, text)
    strictEqual(Buffer.from(await disk.readFile(PATH)).toString(), text)
  }
})

test('what is wrong in a profile is named by its field, and secrets are not shown', () => {
  const base = { kind: 'kafka', bootstrap: ['a:1'] }
  const cases: readonly [unknown, RegExp][] = [
    [null, /x is no object/],
    [{}, /x\.kind is missing/],
    [{ kind: 'redis' }, /x\.kind is "redis"; expected was embedded, server, kafka/],
    [{ kind: 'embedded' }, /x\.dataDir is missing/],
    [{ kind: 'kafka', bootstrap: [] }, /x\.bootstrap/],
    [{ kind: 'kafka', bootstrap: ['a'] }, /x\.bootstrap is "a"; expected was "host:port"/],
    [{ ...base, port: 1 }, /x\.port is unknown/],
    [{ ...base, tls: { cert: '/c' } }, /x\.tls\.key/],
    [{ ...base, tls: { verify: 'no' } }, /x\.tls\.verify is "no"/],
    [{ ...base, sasl: { mechanism: 'NTLM' } }, /x\.sasl\.mechanism is "NTLM"/],
    [{ ...base, sasl: { mechanism: 'PLAIN' } }, /x\.sasl\.username/],
    [{ kind: 'server', bootstrap: ['a:1'], http: 'http://u:p@a/' }, /x\.http/]
  ]
  for (const [value, message] of cases) {
    throws(() => readProfile(value, 'x'), { code: 'PROFILE_INVALID', message })
  }
  const secret = { ...base, sasl: { mechanism: 'PLAIN', username: 'u', password: 'hunter2' } }
  throws(
    () => readProfile(secret, 'x'),
    (error: Error) => {
      doesNotMatch(error.message, /hunter2/)
      return true
    }
  )
})

test('an export without secrets keeps where they stand', () => {
  const bare = withoutSecrets(SERVER)
  doesNotMatch(JSON.stringify(bare), /sesame/)
  match(JSON.stringify(bare), /APP_PASSWORD/)
  deepStrictEqual(readProfile(JSON.parse(JSON.stringify(bare)), 'again'), bare)
  strictEqual(
    describeProfile(SERVER),
    'log.example:9093, https://log.example:8443, TLS, SCRAM-SHA-512 as app'
  )
})

test('secrets come from variables and files when they are needed', async () => {
  const disk = diskOf()
  await disk.replaceFile('/ca.pem', Buffer.from('authority'))
  const sources = { disk, environment: environmentOf({ APP_PASSWORD: 'open' }) }
  const { tls, sasl } = await kafkaAccess(SERVER as never, sources)
  deepStrictEqual(sasl, { mechanism: 'SCRAM-SHA-512', username: 'app', password: 'open' })
  deepStrictEqual(tls, { ca: 'authority', rejectUnauthorized: true, minVersion: 'TLSv1.2' })
  const http = await httpAccess(SERVER, sources)
  deepStrictEqual([http.url, http.token], ['https://log.example:8443', 'sesame'])
  const unset = { disk, environment: environmentOf() }
  await rejects(kafkaAccess(SERVER as never, unset), {
    code: 'PROFILE_SECRET',
    message: /the password of app is not there: the environment variable APP_PASSWORD is not set/
  })
  await rejects(httpAccess({ kind: 'embedded', dataDir: '/d' }, sources), { code: 'PROFILE_KIND' })
  await rejects(kafkaAccess(SERVER as never, { ...sources, disk: diskOf() }), {
    code: 'PROFILE_SECRET',
    message: /^the file \/ca\.pem of the profile's tls\.ca cannot be read/
  })
})

test('what is named on the spot counts first, then the environment, then the current profile', async () => {
  const store = storeOn(diskOf())
  const none = await chooseProfile({}, store, environmentOf())
  const here = { kind: 'embedded', dataDir: '.millrace' }
  deepStrictEqual(none, { name: null, source: 'nobody', profile: here })
  await store.add('here', { kind: 'embedded', dataDir: '/data' })
  await store.add('east', SERVER)
  const taken = async (choice: object, variables = {}) => {
    const { name, source } = await chooseProfile(choice, store, environmentOf(variables))
    return `${name} by ${source}`
  }
  strictEqual(await taken({}), 'here by current')
  strictEqual(await taken({}, { MILLRACE_PROFILE: 'east' }), 'east by variable')
  strictEqual(await taken({ profile: 'here' }, { MILLRACE_PROFILE: 'east' }), 'here by caller')
  await rejects(taken({}, { MILLRACE_PROFILE: 'eats' }), {
    code: 'PROFILE_UNKNOWN',
    message: /^MILLRACE_PROFILE: no profile is called "eats"; there are here, east/
  })
  const { profile } = await chooseProfile({ bootstrap: 'a:1, b:2' }, store, environmentOf())
  strictEqual(describeProfile(profile), 'a:1,b:2, http://a:8080')
  await rejects(chooseProfile({ bootstrap: 'a' }, store, environmentOf()), {
    code: 'PROFILE_INVALID'
  })
  const both = { bootstrap: 'a:1', dataDir: '/d' }
  await rejects(chooseProfile(both, store, environmentOf()), {
    code: 'USAGE',
    message: /^bootstrap a:1 and dataDir \/d are given/
  })
})
