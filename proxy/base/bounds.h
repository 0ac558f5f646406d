// SPDX-License-Identifier: Apache-2.0
//
// I10: every bound of the program, with its unit and reason. docs/operations.md lists the same
// names (test/docs.sh compares).
#pragma once

#include <cstddef>
#include <cstdint>

namespace keyswap::base::bounds {

// NOLINTBEGIN(bugprone-implicit-widening-of-multiplication-result): none overflows an int

// --- HTTP messages (answers 431, 414, 501, 400; 502 when it is the upstream's) ---
inline constexpr std::size_t kRequestHeadBytesMax = 64 * 1024;    // all fields together: 431
inline constexpr std::size_t kRequestFieldBytesMax = 32 * 1024;   // one field line: 431
inline constexpr std::size_t kRequestFieldCountMax = 128;         // 431
inline constexpr std::size_t kResponseHeadBytesMax = 256 * 1024;  // all fields together: 502
inline constexpr std::size_t kResponseFieldBytesMax = 64 * 1024;  // one field line: 502
inline constexpr std::size_t kResponseFieldCountMax = 256;        // 502
inline constexpr std::size_t kConnectionOptionsMax =
    64;  // of one head, with the protocols of Upgrade, empty ones too: 400 / 502
inline constexpr std::size_t kMethodBytesMax = 64;        // 501
inline constexpr std::size_t kTargetBytesMax = 8 * 1024;  // request-target: 414
inline constexpr std::size_t kEmptyLinesMax = 8;          // ignored before a request: 400
inline constexpr std::size_t kStatusLineBytesMax = 1024;  // response status line: 502
inline constexpr std::size_t kChunkExtraBytesMax =
    16 * 1024;  // extensions and trailers of one body: 400 / 502
inline constexpr std::size_t kInterimResponsesMax = 16;  // 1xx before the final response: 502
inline constexpr std::size_t kSignedBodyBytesMax =
    1024 * 1024;  // a body that a signer must see whole: 413

inline constexpr std::size_t kSignedBodiesBytesMax =
    64 * 1024 * 1024;  // all such bodies of a loop together: 503 too_busy
inline constexpr std::size_t kSignedChunkBytesMax =
    1024 * 1024;  // a chunk of a body whose chunks are signed one by one: 413

// A body that a secret may be put into is held so far before anything of it is sent; a longer one
// is sent as it comes.
inline constexpr std::size_t kSwapHoldBytes = 64 * 1024;
inline constexpr std::size_t kBodyJsonDepthMax = 64;   // deeper: no secret is put into it
inline constexpr std::size_t kBodyNameBytesMax = 256;  // of a JSON pointer or a form's field
// What is looked at of each "name=value" of a longer body, for a method that it may name.
inline constexpr std::size_t kOverridePairBytesMax = 512;

// --- WebSocket connections ---
// A message that a signer must see whole: Close 1009. (Of kSignedBodiesBytesMax, too.)
inline constexpr std::size_t kWebSocketMessageBytesMax = 64 * 1024;
inline constexpr std::size_t kRepliesAwaitedMax = 1024;  // of one connection: too_busy

// --- secrets in answers (proxy/flow/known_secrets.h) ---
// Looked for in what comes from one host, or on one WebSocket; past it others are forgotten, and
// what one request brings of more: 503.
inline constexpr std::size_t kScrubbedSecretsMax = 64;
inline constexpr std::size_t kValuesPerSecretMax = 4;  // of one entry, as it was changed
inline constexpr std::size_t kKnownHostsMax = 256;     // past it the one not used for longest goes
// Forms and tables of all hosts, in locked memory; what is in use comes on top of it.
inline constexpr std::size_t kKnownSecretsBytesMax = 512 * 1024;
inline constexpr std::size_t kFindingsMax = 8;  // kinds of them told apart in one record
// Looked for in what clients send, of all hosts (proxy/flow/real_values.h); past either the ones
// that came first. Their forms, in locked memory; tables come on top of them.
inline constexpr std::size_t kRealValuesMax = 128;
inline constexpr std::size_t kRealValuesBytesMax = 192 * 1024;
// So much of a head's fields is looked through for them, and so much of a head with its escapes
// undone.
inline constexpr std::size_t kRealValueFieldBytesMax = std::size_t{16} * 1024;
inline constexpr std::size_t kRealValueEscapedBytesMax = std::size_t{4} * 1024;
// One piece of an answer may become so large, decoded and scrubbed; past it: cut.
inline constexpr std::size_t kFilteredBytesMax = 1792 * 1024;

// --- compressed answers that are searched (proxy/coding) ---
inline constexpr std::size_t kContentCodingsMax = 3;  // one upon the other; more are not known
inline constexpr std::size_t kDecoderBytesMax = 20 * 1024 * 1024;    // what undoing one may take
inline constexpr std::size_t kDecodersBytesMax = 512 * 1024 * 1024;  // undoing all of them
// A body may become so many times as long, and so much longer anyway; past it: cut.
inline constexpr std::size_t kDecodedTimesMax = 200;
inline constexpr std::size_t kDecodedFreeBytes = 1024 * 1024;

// --- buffers of a connection ---
inline constexpr std::size_t kReadChunkBytes = 64 * 1024;  // one read, shared by a loop
inline constexpr std::size_t kLegUnreadBytesMax =
    128 * 1024;  // taken from the socket, not yet used
inline constexpr std::size_t kLegPendingBytesMax =
    2 * 1024 * 1024;  // hard bound of bytes waiting to be written
inline constexpr std::size_t kLegPendingPauseBytes =
    128 * 1024;  // above: stop reading the other side
inline constexpr std::size_t kSwappedHeadBytesMax =
    144 * 1024;  // head with the secret in it, locked memory

// --- connections ---
// Per process, and no more than fit into RLIMIT_NOFILE; past it: 503 too_busy.
inline constexpr std::size_t kClientConnectionsMax = 16 * 1024;
// Of these places, one in so many is for all users together who are neither ours nor in
// `allow_users`, until they show a token: 503 too_busy.
inline constexpr std::size_t kStrangersShare = 8;
inline constexpr std::size_t kListenersMax = 8;          // addresses and Unix sockets (--listen)
inline constexpr std::size_t kDescriptorsPerClient = 2;  // its own, and one of an upstream
// Descriptors that neither clients nor upstreams get: for look-ups, a reload, the vault's and the
// limits' journals, the audit log's next segment, and calls of ours.
inline constexpr std::size_t kDescriptorsReserved = 96;
inline constexpr std::size_t kUpstreamConnectionsMax =
    16 * 1024;  // per process, in use and at rest; past it those at rest are closed
inline constexpr std::size_t kBoundUpstreamsMax =
    16;  // destinations that one client connection is logged in at
inline constexpr std::size_t kAddressesPerHostMax = 16;  // of a name: more are not tried
inline constexpr std::size_t kDialAttemptsMax =
    6;  // connections tried at once for one request; one more cuts the oldest
inline constexpr std::size_t kLookupsMax = kClientConnectionsMax;  // names under way, per loop: 503
inline constexpr std::size_t kNamesKeptMax = 1024;    // names whose addresses are known, per loop
inline constexpr int kLookupTriesMax = 3;             // questions to each name server
inline constexpr std::size_t kTlsSessionsMax = 1024;  // kept for resumption, per loop
// Closed by us after an alert, and read on for kLingerMs so that it arrives; per loop. They count
// for no client, so they are few. Past it: closed at once.
inline constexpr std::size_t kLingeringMax = 16;

// --- waits, in milliseconds (answers 408, 504) ---
inline constexpr std::int64_t kConnectRequestMs =
    30'000;  // accept to a whole CONNECT or absolute-form head
inline constexpr std::int64_t kClientTlsMs = 20'000;
inline constexpr std::int64_t kRequestHeadMs = 30'000;  // first byte of a head to its end
// A request's body is looked at in windows. One that brings a byte, but fewer than the minimum, is
// slow. Nothing at all for the pause, or slow windows of that length since the last good one: 408.
// An upstream that takes nothing of it for as long: 504.
inline constexpr std::int64_t kRequestBodyWindowMs = 20'000;
inline constexpr std::size_t kRequestBodyWindowBytesMin = 1000;
inline constexpr std::int64_t kRequestBodyPauseMs = 120'000;
// Between two pieces of a response's body; also, so long its client may take nothing of it.
inline constexpr std::int64_t kResponseBodyIdleMs = 300'000;
// A secret to come from its source: 503.
inline constexpr std::int64_t kSecretFetchMs = 10'000;
// Until one that is only looked for, and could not be had, is asked for again.
inline constexpr std::int64_t kSecretAskedAgainMs = 30'000;
inline constexpr std::int64_t kRecordMs = 30'000;  // a record to become durable: 503
inline constexpr std::int64_t kDialMs = 10'000;    // resolve, connect and TLS together
inline constexpr std::int64_t kLookupMs = 8'000;   // of these a name's addresses: 504
inline constexpr std::int64_t kLookupTryMs =
    1'500;                                          // then a name server is asked again, or another
inline constexpr std::int64_t kOtherFamilyMs = 50;  // one of IPv6 and IPv4 is here: for the other
inline constexpr std::int64_t kNameKeptMs =
    30'000;  // addresses count; less if their record says so
inline constexpr std::int64_t kNameFailureKeptMs = 3'000;  // that a name does not resolve
inline constexpr std::int64_t kGuardLookupMs =
    2'000;  // for a name's addresses where upstream.proxy is to reach it
inline constexpr std::int64_t kDialPaceMs = 250;  // then the next address is tried beside it
// Request sent to the final response's head, where no binding says otherwise, and the most that one
// may say.
inline constexpr std::int64_t kResponseHeadMs = 600'000;
inline constexpr std::int64_t kResponseHeadMsMax = 24 * 3600 * 1000;
// A client that said its end may have gone, or only be done with sending: so long a silence of the
// upstream is waited for, then the request counts as abandoned.
inline constexpr std::int64_t kHalfClosedMs = 5'000;
// So long nothing more comes of an answer that secrets are looked for in: then what cannot be the
// beginning of one is no longer kept back.
inline constexpr std::int64_t kAnswerPauseMs = 10;
// An answer that is looked through is held until it is whole, unless it is longer, comes in more
// pieces, or pauses (proxy/flow/short_answer.h).
inline constexpr std::size_t kShortAnswerBytesMax = kReadChunkBytes;
inline constexpr std::size_t kShortAnswerPiecesMax = 16;
// The same of one that is coded: it may become long when it is decoded at once.
inline constexpr std::size_t kShortCodedAnswerBytesMax = std::size_t{8} * 1024;
// An answer of which something is captured (proxy/flow/answer_capture.h), in locked memory; and how
// long it waits until that is kept.
inline constexpr std::size_t kCapturedAnswerBytesMax = std::size_t{128} * 1024;
inline constexpr std::size_t kCapturedAnswerPiecesMax = 1024;
inline constexpr std::int64_t kCaptureMs = 10'000;
inline constexpr std::int64_t kClientIdleMs = 120'000;  // keep-alive without a request
// Opaque tunnel or WebSocket without a byte either way, or one side of it takes nothing.
inline constexpr std::int64_t kTunnelIdleMs = 600'000;
inline constexpr std::int64_t kTunnelSpeechMs =
    1'000;  // first bytes of one that may yet become HTTP; then they are passed on
// A connection at rest. So many are at rest at most as were in use at once in this time; and common
// servers keep theirs for longer.
inline constexpr std::int64_t kUpstreamIdleMs = 15'000;
inline constexpr std::int64_t kKeepAliveMarginMs =
    1'000;  // so much before a server's own `Keep-Alive: timeout=` a connection is given up
// A host that is gone without a word.
inline constexpr std::int64_t kProbeIdleMs =
    15'000;  // silence, then it is asked whether it is there
inline constexpr std::int64_t kProbeAgainMs = 5'000;  // without an answer it is asked again
inline constexpr std::int64_t kUnackedMs = 60'000;  // bytes or such questions unacknowledged: gone
inline constexpr std::int64_t kRequestAckMs =
    5'000;  // a request's bytes unacknowledged for so long: 502
// So often it is looked at whether the other side takes what is written to it. The last words of a
// connection wait so long for a side that takes nothing.
inline constexpr std::int64_t kIntakeLookMs = 10'000;
inline constexpr std::int64_t kWriteStallMs = 60'000;
inline constexpr std::int64_t kLingerMs =
    2'000;  // after a refusal: read on so that the answer arrives
// A client whose CONNECT is refused inside of its tunnel says nothing there: then it is told so in
// plain HTTP.
inline constexpr std::int64_t kRefusedSpeechMs = 5'000;
inline constexpr std::int64_t kDrainMs = 30'000;  // from SIGTERM on, for connections

// --- commands ---
inline constexpr std::size_t kClientAnswerBytesMax = 64 * 1024;  // of what `doctor` launches
inline constexpr int kClientAnswerMs = 30'000;

// --- certificates ---
inline constexpr std::size_t kOldRootsMax = 8;         // CAs before the one in force
inline constexpr std::size_t kPermittedHostsMax = 32;  // of `--permit`
inline constexpr std::size_t kLeafCacheMax = 4096;
inline constexpr std::int64_t kLeafLifeSeconds = 7 * 24 * 3600;
// For clients whose clock is behind; a root is backdated likewise.
inline constexpr std::int64_t kLeafBackdateSeconds = 48 * 3600;
inline constexpr std::int64_t kLeafRenewAheadSeconds = 24 * 3600;
inline constexpr std::size_t kMintQueueMax = 1024;
// The same for hosts to which a CONNECT is refused, which anybody may name: kept apart, so that
// they take no room of those that are served. Past it: the refusal is the answer to CONNECT itself.
inline constexpr std::size_t kRefusedLeavesMax = 64;
inline constexpr std::size_t kRefusedMintsMax = 16;

// --- bindings ---
inline constexpr std::size_t kBindingsFileBytesMax = 4 * 1024 * 1024;
inline constexpr std::size_t kRootFileBytesMax = 4 * 1024 * 1024;  // one `upstream.ca_file`
inline constexpr std::size_t kChangesShownMax = 40;  // lines of a policy that serve refuses
inline constexpr std::size_t kSecretRulesMax = 10'000;
inline constexpr std::size_t kTemplateBytesMax = 4096;
inline constexpr std::size_t kTemplateDepthMax = 32;
inline constexpr std::size_t kPathReadingsMax = 64;  // of one path; more: no allowing rule matches
inline constexpr std::size_t kPlaceholderBytesMin = 24;
inline constexpr std::size_t kPlaceholderBytesMax = 512;
// Entries of a list of callers: looked through for each request. A name and what its token adds fit
// into the vault's name of an entry, and into a proxy URL.
inline constexpr std::size_t kCallersMax = 256;
inline constexpr std::size_t kCallerNameBytesMax = 64;
// Entries of `allow_users:` and of `allow_origins:`: looked through for a request that shows no
// token, and for one of a web page. An origin is a scheme, a host of 253 bytes at most, and a port.
inline constexpr std::size_t kAllowedUsersMax = 256;
inline constexpr std::size_t kAllowedOriginsMax = 64;
inline constexpr std::size_t kOriginBytesMax = 512;
inline constexpr std::size_t kRouteNameBytesMax = 64;            // of `route:` and `custom:`
inline constexpr std::size_t kImportFileBytesMax = 1024 * 1024;  // a foreign configuration file
// Files in which other tools keep credentials, read whole into locked memory, and written from it.
inline constexpr std::size_t kCredentialFileBytesMax = std::size_t{256} * 1024;
inline constexpr std::size_t kCredentialsImportedMax = 100;  // of one file
inline constexpr std::size_t kImportDotsMax = 256;           // of one of its statements

// --- vault ---
inline constexpr std::size_t kSecretBytesMax = 64 * 1024;
inline constexpr std::uint64_t kKdfMemoryBytes = 256ULL * 1024 * 1024;  // also the floor
inline constexpr std::uint64_t kKdfPasses = 3;                          // also the floor
inline constexpr std::uint64_t kKdfMemoryBytesMax = 4ULL * 1024 * 1024 * 1024;
inline constexpr std::uint64_t kKdfPassesMax = 64;
// Locked memory for all opened secrets and the scratch buffers of the loops together. A server
// takes what it wants of it, as far as RLIMIT_MEMLOCK allows (8 MiB for an ordinary user by
// default); other commands take the least. Without that nothing starts.
inline constexpr std::size_t kLockedArenaBytesMin = 4 * 1024 * 1024;
inline constexpr std::size_t kLockedArenaBytesMax = 128 * 1024 * 1024;
inline constexpr unsigned kLoopsMax = 256;  // event loops (--threads): so many fit into it
// Of the arena, for each loop: its scratch buffer, and what it needs while it computes.
inline constexpr std::size_t kLockedLoopBytes = 288 * 1024;
// What requests and WebSockets may hold while they wait: all together, as a server wants it, and
// the least that it serves with; past it: 503 too_busy.
inline constexpr std::size_t kHeldBytesWanted = 8 * 1024 * 1024;
inline constexpr std::size_t kHeldBytesMin = 1024 * 1024;
// One request or WebSocket of a client's connection. The forms of one secret of kSecretBytesMax,
// and the table that finds them, are no more.
inline constexpr std::size_t kHeldPerConnectionBytesMax = 1040 * 1024;
// One caller holds so many times what is still free, at most: alone three quarters of all, and who
// comes after any number of greedy ones finds some.
inline constexpr std::size_t kHeldTimesFreeMax = 3;
inline constexpr std::size_t kVaultEntriesMax =
    10'000;  // credentials; the same again of system secrets
inline constexpr std::size_t kServiceBytesMax = 128;    // a credential's service
inline constexpr std::int64_t kDatabaseBusyMs = 5'000;  // waiting for another process's transaction
// The same for the proxy while it serves, which looks twice a second, with threads that others wait
// for.
inline constexpr std::int64_t kServingBusyMs = 500;
// So long the vault's file may go unread while it serves; then it is locked: 503. A command that
// takes something back counts on that.
inline constexpr std::int64_t kVaultUnreadMs = 10'000;
inline constexpr std::size_t kPassphraseBytesMax = 4096;
inline constexpr std::size_t kPassphraseCharactersMin = 8;  // of a new one
// A longer serve.log begins anew with the next `serve --detach`.
inline constexpr std::size_t kServeLogBytesMax = std::size_t{1024} * 1024;
inline constexpr std::size_t kBackupBytesMax = std::size_t{1024} * 1024 * 1024;  // of one file
inline constexpr std::size_t kUnlockWaysMax = 2;  // a passphrase, and a key in a file
// Of what another source of secrets answers; past either it is no answer.
inline constexpr std::size_t kAnswerJsonDepthMax = 32;
inline constexpr std::size_t kAnswerJsonMembersMax = 1024;  // of one object

// --- sources of secrets (vault/sources) ---
inline constexpr std::size_t kSourcesMax = 32;  // of one policy, but for what is minted
inline constexpr std::size_t kSourceIdBytesMax = 64;
inline constexpr std::size_t kSourceKeyBytesMax = 512;  // the name of a secret at its source
// Locked memory for what all sources gave; what was used least lately goes first.
inline constexpr std::size_t kSourceCacheBytesMax = 1024 * 1024;
inline constexpr std::size_t kSourceEntriesMax = 10'000;  // of one source, as the file may say it
// Requests that wait for one source; past it: 503.
inline constexpr std::size_t kSourceQueueMax = 1024;
// Values of one fetch, where they are asked for one by one; others wait for the next.
inline constexpr std::size_t kSourceRunValuesMax = 16;
// All calls of one fetch together, but for what it waits for its turns to make them, which has a
// time of its own. Who waits for it may give up before.
inline constexpr std::int64_t kSourceRunMs = 30'000;
inline constexpr std::int64_t kSourceTurnMs = 60'000;
inline constexpr std::int64_t kNotesFirstMs = 5'000;  // a start waits so long for bindings in notes
// A value that is younger is not asked for again, though a service refused it.
inline constexpr std::int64_t kRefusedValueMs = 60'000;
// A source that failed is asked again after so long, then after twice of that, and so on.
inline constexpr std::int64_t kSourceAgainMs = 1'000;
inline constexpr std::int64_t kSourceAgainMsMax = 60'000;
inline constexpr std::int64_t kSourceRetryAfterMsMax = 900'000;  // as a source may ask for it
// When the proxy ends, and once more for what is then being kept (proxy/outgoing/engine.h).
inline constexpr std::int64_t kSourceLogOutMs = 2'000;
inline constexpr std::size_t kCallAnswerBytesMax = 1024 * 1024;  // of an answer to a call of ours

// --- calls of ours, and programs, for sources (proxy/outgoing, proxy/launcher) ---
inline constexpr std::int64_t kCallMs = 10'000;              // one call, its second time included
inline constexpr std::int64_t kCallAgainMs = 1'000;          // then it is made once more
inline constexpr std::size_t kCallsAtOnceMax = 16;           // of all sources; others wait
inline constexpr std::size_t kCallsPerSourceMax = 2;         // of these, one source's
inline constexpr std::size_t kCallHeadBytesMax = 64 * 1024;  // of an answer, with interim answers
// Locked memory for the library that makes calls: 64 KiB for each at once, and its own.
inline constexpr std::size_t kCallsLockedBytes = 1280 * 1024;
inline constexpr std::int64_t kEntryLockAgainMs = 50;  // an entry that another run has, once more
inline constexpr std::size_t kCommandsMax = 256;       // programs and keys of one policy
inline constexpr std::size_t kCommandsAtOnceMax = 4;   // others wait
inline constexpr std::size_t kCommandQueueMax = 64;    // so many; past it: 503
inline constexpr std::int64_t kCommandMs = 10'000;  // a program's time, where its entry says none
inline constexpr std::int64_t kCommandMsMax = 60'000;          // and the most that it may say
inline constexpr std::int64_t kCommandKillMs = 2'000;          // between SIGTERM and SIGKILL
inline constexpr std::size_t kCommandOutBytesMax = 64 * 1024;  // that it prints; past it: killed
inline constexpr std::size_t kCommandToldBytesMax = 4 * 1024;  // that is read of its stderr

// --- logging in (vault/sources/login_grant.h, proxy/cli/login.cc) ---
inline constexpr std::int64_t kLoginMs = 300'000;  // a person's time in the browser
// How long a code for another device is good, whatever its server says, and how often it is asked.
inline constexpr std::int64_t kLoginCodeMsMax = 1'800'000;
inline constexpr std::int64_t kLoginPollMsMin = 1'000;
inline constexpr std::int64_t kLoginPollMsMax = 60'000;
inline constexpr std::int64_t kLoginKeepMs = 60'000;  // for what is kept after the last answer
// Browsers at the address that they are led back to: so many connections, each with one request.
inline constexpr std::size_t kLoginClientsMax = 8;
inline constexpr std::int64_t kLoginClientMs = 10'000;
inline constexpr std::size_t kLoginHeadBytesMax = std::size_t{16} * 1024;

// Two policies are compared line by line in a table of old lines by new ones, without what is the
// same at both ends.
inline constexpr std::size_t kDiffCellsMax = 1'000'000;

// --- audit ---
inline constexpr std::size_t kAuditRecordBytesMax = 8 * 1024;
inline constexpr std::size_t kAuditPathBytesMax = 1024;  // a longer path is cut in the record
inline constexpr std::size_t kAuditQueueMax =
    65'536;  // records waiting for the writer; past it: 503
// What a client can repeat as often as he likes is counted: so long into one record for each kind.
inline constexpr std::int64_t kRepeatsWindowMs = 1'000;
// Refusals of clients without a token: so many at once have each a record of their own before that.
inline constexpr std::size_t kStrangersRecordedMax = 4;   // refused for want of a token, or of room
inline constexpr std::size_t kRefusalsRecordedMax = 256;  // for other reasons
inline constexpr std::size_t kStrangersMax = 64;          // told apart; past it all others are one
inline constexpr std::uint64_t kAuditSegmentBytes = 64ULL * 1024 * 1024;
inline constexpr std::int64_t kAuditCheckpointMs = 100;  // at latest after a record
// The log's head is kept in the vault no more often. Less than a second, so that what looks twice a
// second writes each second.
inline constexpr std::int64_t kAuditHeadMs = 900;
// A head that is later than that, because the vault's file cannot be written: 503 for what needs a
// secret.
inline constexpr std::int64_t kAuditHeadLateMs = 10'000;
// How long a command that takes something back waits for the running proxy to go by it.
inline constexpr std::int64_t kConfirmMs = 5'000;

// --- what is told of failures ---
// Names and dates that were seen, in an answer, a record or a line on stderr.
inline constexpr std::size_t kFactsBytesMax = 480;
inline constexpr std::size_t kFactBytesMax = 100;     // one of them
inline constexpr std::size_t kNamesShownMax = 4;      // of a certificate's
inline constexpr std::int64_t kTellAgainMs = 60'000;  // the same of the same host, on stderr
// Of what a caller may do, as it is told; the rest of it is counted.
inline constexpr std::size_t kOwnBindingsBytesMax = std::size_t{64} * 1024;
inline constexpr std::size_t kToldMax = 256;  // hosts and causes told within that time
// Upstreams' clocks (proxy/net/upstream_clocks.h).
inline constexpr std::size_t kClocksMax = 256;  // clocks known; past it one that agrees goes
inline constexpr std::int64_t kClockNoticedMs = 30'000;  // an offset past this is told
// One past this is never followed: nobody makes us sign for any time he likes.
inline constexpr std::int64_t kClockFollowedMs = 600'000;
inline constexpr std::int64_t kClockKnownMs = 600'000;  // so long what was seen of one counts
inline constexpr std::int64_t kClockBetterMs = 60'000;  // and is not replaced by what is less exact
inline constexpr std::int64_t kClockTripMs = 10'000;    // an answer that took longer tells nothing
inline constexpr std::int64_t kClockLookMs = 1'000;     // so often a connection's Date is looked at
// This machine's own clock moved by more against one that does not jump: it was set, or the machine
// slept, and what was seen counts no more.
inline constexpr std::int64_t kClockSetMs = 1'000;
// What ails sources and clocks, as serve.lock says it (proxy/net/troubles.h): so many of each.
inline constexpr std::size_t kTroublesMax = 32;
// Failed handshakes of clients: so many kinds are told apart, per loop; past it all others are one.
inline constexpr std::size_t kTlsFailedKindsMax = 64;

// --- limits (the answers 429, and 503 too_busy) ---
inline constexpr std::size_t kLedgerQueueMax =
    16 * 1024;  // calls that wait for limits.db, as many as there can be clients; past it: 503
inline constexpr std::int64_t kLedgerDaysKept =
    7;  // before today; an answer that gives volume back comes within minutes
inline constexpr std::size_t kCallersPerLimitMax =
    1024;  // callers that one rate limit tells apart; past it: 503
inline constexpr std::int64_t kNonceBlockUs =
    10'000'000;  // nonces reserved by one write; so far ahead of the clock they are after a crash

// --- run --isolated (proxy/cli/relay.h) ---
inline constexpr std::size_t kRelayedConnectionsMax = 1024;  // at once; more wait
inline constexpr std::size_t kRelayedBytesMax = 16 * 1024;   // of one, on each way
inline constexpr std::size_t kSocketTableBytesMax =
    4 * 1024 * 1024;  // /proc/net/unix, whose sockets are hidden; with more nothing is run
// NOLINTEND(bugprone-implicit-widening-of-multiplication-result)

static_assert(kRequestFieldBytesMax <= kRequestHeadBytesMax);
static_assert(kResponseFieldBytesMax <= kResponseHeadBytesMax);
static_assert(kTargetBytesMax < kRequestHeadBytesMax);
static_assert(kRequestBodyPauseMs % kRequestBodyWindowMs == 0);
static_assert(kLegPendingPauseBytes < kLegPendingBytesMax);
static_assert(kFilteredBytesMax + kLegPendingPauseBytes < kLegPendingBytesMax);
static_assert(kSignedBodyBytesMax + kRequestHeadBytesMax < kLegPendingBytesMax);
static_assert(kSignedChunkBytesMax + 2 * kLegUnreadBytesMax + kLegPendingPauseBytes <
              kLegPendingBytesMax);
static_assert(kWebSocketMessageBytesMax + kRequestHeadBytesMax <= kSwappedHeadBytesMax);
static_assert(kLeafRenewAheadSeconds < kLeafLifeSeconds);
static_assert(kLockedLoopBytes + kHeldBytesMin <= kLockedArenaBytesMin);
static_assert(kLoopsMax * (kLockedLoopBytes + kSwappedHeadBytesMax) + kHeldBytesWanted <=
              kLockedArenaBytesMax);
static_assert(2 * kSwappedHeadBytesMax <= kLockedLoopBytes);
// A head is written behind the credential's rendered value, with a space more in each field.
static_assert(kRequestHeadBytesMax + 2 * kRequestFieldBytesMax + kTargetBytesMax + 1024 <=
              kSwappedHeadBytesMax);

}  // namespace keyswap::base::bounds
