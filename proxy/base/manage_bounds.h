// SPDX-License-Identifier: Apache-2.0
//
// The bounds of the management listener (I10): those of proxy/base/bounds.h that no request on its
// way to an upstream knows.
#pragma once

#include <cstddef>
#include <cstdint>

namespace keyswap::base::bounds {

// NOLINTBEGIN(bugprone-implicit-widening-of-multiplication-result): constants, far from overflow
inline constexpr std::size_t kManageBodyBytesMax = 1024 * 1024;  // of a request; past it: 413
inline constexpr std::int64_t kManageRequestMs = 30'000;         // from its head to its answer
inline constexpr std::size_t kManageRequestsMax = 256;           // at once; past it: 503
inline constexpr std::size_t kManageQueueMax = 64;    // questions that wait; past it: 503
inline constexpr std::size_t kManageSessionsMax = 5;  // past it the oldest goes
inline constexpr std::int64_t kManageSessionMs = 4 * 3600 * 1000;
inline constexpr std::int64_t kManageIdleMs = 30 * 60 * 1000;  // a session that is not used ends
inline constexpr std::size_t kManageFailuresMax = 5;           // logins in that time; past it: 429
inline constexpr std::int64_t kManageFailureWindowMs = 60'000;
inline constexpr std::size_t kManagePasswordBytesMin = 8;
inline constexpr std::int64_t kManageKdfMemoryBytes = 64 * 1024 * 1024;
inline constexpr std::int64_t kManageKdfPasses = 3;
inline constexpr std::int64_t kManageSetupCodeSeconds = 3600;  // of `keyswap manage setup`
inline constexpr std::int64_t kManagePageCodeSeconds = 60;     // of `keyswap ui`
// Of the audit log, as it is read for the API.
inline constexpr std::size_t kManagePageRecordsMax = 200;  // of one answer
inline constexpr std::uint64_t kManageSearchedBytesMax =
    256ULL * 1024 * 1024;  // for one answer; then it says where to go on
inline constexpr std::size_t kManageExportRowsMax = 100'000;    // of one export
inline constexpr std::size_t kManagePieceBytes = 64 * 1024;     // of one, that wait to be sent
inline constexpr std::size_t kManageViewersMax = 128;           // of live records; past it: 503
inline constexpr std::int64_t kManageViewEveryMs = 250;         // they are told so often
inline constexpr std::size_t kManageViewRecordsMax = 20;        // and so many; others are counted
inline constexpr std::size_t kManageViewBytesMax = 256 * 1024;  // of the log, looked at for that
inline constexpr std::int64_t kManageViewQuietMs = 15'000;      // then a sign of life
// NOLINTEND(bugprone-implicit-widening-of-multiplication-result)

}  // namespace keyswap::base::bounds
