// SPDX-License-Identifier: Apache-2.0
//
// Whether a refusal is the fault of this machine's clock. What a source signs is good for minutes
// about the time that it says, and behind them a vendor refuses it as if the key were good no more.
// The Date of the answer tells the two apart, so that a wrong clock is not told as a credential
// that is lost, for which all that the source gave is dropped. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "vault/sources/run.h"

namespace keyswap::vault {

// "A request must reach AWS within five minutes of the time stamp in the request" (AWS IAM User
// Guide, "AWS Signature Version 4 for API requests").
inline constexpr std::int64_t kAwsClockOffMaxS = 300;
// A token that says when it was signed and when it ends (RFC 7519 sections 4.1.4 to 4.1.6): some
// servers allow for a minute, and GitHub's are backdated by one (vault/sources/github_app.cc).
inline constexpr std::int64_t kTokenClockOffMaxS = 60;

// Asked of an error that what was signed gets for its time alone, and may get for other reasons.
// `clock_differs`, by which the source is down and nothing is dropped, where the answer's Date is
// by `off_max_s`, or nearly that, apart from `now_us`: the wall clock as the answer came. Nothing:
// the clocks agree, or the answer has no Date.
std::optional<Failed> fail_of_clock(const CallAnswer& answer,
                                    std::int64_t now_us,
                                    std::int64_t off_max_s);

}  // namespace keyswap::vault
