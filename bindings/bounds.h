// SPDX-License-Identifier: Apache-2.0
//
// I10: bounds of this folder that proxy/base/bounds.h does not have; same form, same rules.
#pragma once

#include <cstddef>
#include <cstdint>

namespace keyswap::bindings::bounds {

inline constexpr std::size_t kPathGlobBytesMax = 512;  // one entry of `paths:`
// All readings of one path together (of kTargetBytesMax at least four); more: as with more
// than kPathReadingsMax.
inline constexpr std::size_t kPathReadingsBytesMax = std::size_t{32} * 1024;
// What the rules of one request look through of its readings (bindings/search_budget.h): all
// together, and so much more for each. Past it: not allowed, and blocked.
inline constexpr std::size_t kSearchedBytesMax = std::size_t{640} * 1024;
inline constexpr std::size_t kSearchedBytesPerRule = 512;
inline constexpr std::size_t kMethodOverridesMax = 8;  // of a request; more: no method is allowed
inline constexpr std::size_t kAuthParametersMax = 32;  // of an Authorization field; more: refused
// Of the query and the form of a request of OAuth 1.0a, which are sorted to be signed; more: 400.
inline constexpr std::size_t kOAuthParametersMax = 1000;
inline constexpr std::size_t kSecretsNamedMax = 8;  // by placeholders in one head; more: 400
// By placeholders that stay in one body: what an agent prints of its environment is in its history.
inline constexpr std::size_t kSecretsNamedInBodyMax = 64;
inline constexpr std::size_t kYamlNodesMax = 1'000'000;
inline constexpr std::size_t kYamlDepthMax = 16;  // of what we read at most 7 is ever needed
inline constexpr std::size_t kIssuesMax = 200;    // reported of one file; the rest is counted
inline constexpr std::size_t kComposePartsMax = 4;
inline constexpr std::size_t kPlacesMax = 8;    // of one secret
inline constexpr std::size_t kCapturesMax = 8;  // of one secret
inline constexpr std::size_t kOccurrencesMax =
    16;                                           // of a placeholder in a request (max_occurrences)
inline constexpr std::size_t kCompanionsMax = 8;  // of one place
inline constexpr std::size_t kTogetherMax = 8;    // names in one `together_with`
inline constexpr std::int64_t kRateRequestsMax = 1'000'000;
inline constexpr std::int64_t kRatePerSecondsMax = 31LL * 24 * 3600;  // a month
inline constexpr std::int64_t kQuotaRequestsMax = 1'000'000'000;
inline constexpr std::size_t kBlockedEndpointsMax = 1000;  // of one binding: each call tries them
inline constexpr std::uint64_t kMaxBodyBytesMax = 1ULL << 40U;  // 1 TiB
inline constexpr std::size_t kTemplateScratchBytesMax =
    std::size_t{128} * 1024;                      // locked, while a template is rendered
inline constexpr std::size_t kRsaBitsMin = 2048;  // what venues and NIST SP 800-131A ask for
inline constexpr std::size_t kRsaBitsMax = 8192;  // a signature takes 40 ms; it grows with the cube

// Of a body in signed chunks (bindings/signatures/sigv4_chunks.h); past either: 400.
inline constexpr std::size_t kChunkLineBytesMax = 4096;  // a line that is no data
inline constexpr std::size_t kChunkTrailerBytesMax = std::size_t{16} * 1024;
inline constexpr std::size_t kSignedListMax = 32;  // entries of `regions`, and of `services`

// Of what goes to a venue (bindings/venue.h); what exceeds them is refused with 400.
inline constexpr std::size_t kSignedParametersMax = 200;  // of a request; the longest order has 60
inline constexpr std::size_t kMessageBytesMax = std::size_t{64} * 1024;  // on a WebSocket
inline constexpr std::size_t kMessageListMax = 1000;  // values of one parameter, e.g. `symbols`
inline constexpr std::size_t kBatchOrdersMax = 20;    // in one; a venue takes 5 or 10
inline constexpr std::size_t kDecimalDigitsMax = 40;  // of a number in an order

// Of `approve` (bindings/approval_rule.h).
inline constexpr std::size_t kApprovalHeadersMax = 16;
inline constexpr std::int64_t kApprovalHoldSecondsMax = 10LL * 60;  // that a client is let wait
inline constexpr std::int64_t kApprovalSecondsMax = 24LL * 3600;    // until what was asked is over

// Of bindings in the notes of a source's secrets (bindings/note.h).
inline constexpr std::size_t kNoteBytesMax = std::size_t{16} * 1024;
inline constexpr std::size_t kNoteHostsMax = 64;
inline constexpr std::size_t kNoteAllowedHostsMax = 1000;  // of `notes_host_allowlist`

// Of the catalogue of providers (bindings/provider.h).
inline constexpr std::size_t kProviderFileBytesMax = std::size_t{64} * 1024;
inline constexpr std::size_t kOwnProvidersMax = 500;  // in the home's folder
inline constexpr std::size_t kShapesMax = 16;         // of the keys of one provider
inline constexpr std::size_t kShapePiecesMax = 16;
inline constexpr std::size_t kShapeCharactersMax = 2000;  // of one piece

// Of rules on bodies (bindings/body_rules.h), of one binding.
inline constexpr std::size_t kJsonConditionsMax = 64;
inline constexpr std::size_t kBodyRuleWordsMax = 1000;  // of one list: values, globs, fields, names
// Of a GraphQL document (bindings/graphql.h); past them it is refused.
inline constexpr std::size_t kGraphqlTokensMax = 20'000;
inline constexpr std::size_t kGraphqlDepthMax = 64;  // of selection sets, of values, of types
inline constexpr std::size_t kGraphqlDefinitionsMax = 500;
inline constexpr std::size_t kGraphqlBatchMax = 32;  // requests in one body

// Of what is asked of language models, and what they answer (bindings/json_walk.h).
inline constexpr std::size_t kWalkDepthMax = 128;      // arrays and objects in each other
inline constexpr std::size_t kWalkTextBytesMax = 256;  // kept of a name or a value
inline constexpr std::size_t kModelsMax = 1000;        // of one binding's `models`, and of a body
inline constexpr std::size_t kHostedToolsMax = 64;     // of one binding's `tools`, and of a body
inline constexpr std::size_t kPricesMax = 1000;        // of one list
// Taken for the answer where a request does not say how long it may be.
inline constexpr std::int64_t kAnswerTokensAssumed = 4096;
inline constexpr std::int64_t kBudgetTokensMax = 1'000'000'000;  // of one request; of a minute
inline constexpr std::int64_t kBudgetMicroUsdMax = 1'000'000'000'000;  // of a day: 10^6 USD

}  // namespace keyswap::bindings::bounds
