// SPDX-License-Identifier: Apache-2.0
//
// What to do about an outcome of a fetch (docs/sources.md, "What a failure says"), in a sentence
// for people. Pure.
#pragma once

#include <string>
#include <string_view>

namespace keyswap::cli {

// What it means and what to do. "" of "ok"; a word that is not known is shown as it is.
std::string advice_on(std::string_view outcome);
// Of a source whose login is over: the command, as a person types it.
std::string advice_to_log_in(std::string_view source_id);

}  // namespace keyswap::cli
