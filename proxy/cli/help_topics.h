// SPDX-License-Identifier: Apache-2.0
//
// Short texts that `keyswap help TOPIC` shows: what an operator who met a message has to know, on a
// machine that has the program and nothing else. docs/ tells the whole.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace keyswap::cli {

struct HelpTopic {
  std::string_view name;   // "unlocking"
  std::string_view title;  // "How the vault is opened"
  std::string_view text;   // paragraphs; lines that begin with a blank stay as they are
};

std::span<const HelpTopic> help_topics();

// Null when there is none of that name.
const HelpTopic* find_topic(std::string_view name);

// As it is shown.
std::string topic_text(const HelpTopic& topic);

}  // namespace keyswap::cli
