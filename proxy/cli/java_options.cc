// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/java_options.h"

#include <algorithm>
#include <array>

#include "proxy/cli/trust.h"
#include "proxy/cli/variable_words.h"

namespace keyswap::cli {

namespace {

constexpr std::string_view kNonProxyHosts = "-Dhttp.nonProxyHosts=";
constexpr std::array<std::string_view, 3> kOwnDirect = {"localhost", "127.*", "[::1]"};
constexpr std::array<std::string_view, 8> kOurOptions = {"-Dhttp.proxyHost=",
                                                         "-Dhttp.proxyPort=",
                                                         "-Dhttps.proxyHost=",
                                                         "-Dhttps.proxyPort=",
                                                         kNonProxyHosts,
                                                         "-Djavax.net.ssl.trustStore=",
                                                         "-Djavax.net.ssl.trustStoreType=",
                                                         "-Djavax.net.ssl.trustStorePassword="};
constexpr std::array<std::string_view, 12> kPrograms = {"java",
                                                        "javac",
                                                        "jshell",
                                                        "mvn",
                                                        "mvnw",
                                                        "gradle",
                                                        "gradlew",
                                                        "ant",
                                                        "sbt",
                                                        "kotlin",
                                                        "scala",
                                                        "clojure"};

// Quoted words are not told apart here; of two options the last counts.
bool has_quotes(std::string_view text) {
  return text.find_first_of("'\"") != std::string_view::npos;
}

// Without those that an outer `run` put there.
std::vector<std::string> users_options(std::string_view before) {
  if (has_quotes(before)) {
    return {std::string(before)};
  }
  std::vector<std::string> words = split_words(before);
  std::erase_if(words, [](const std::string& word) {
    return std::ranges::any_of(kOurOptions,
                               [&](std::string_view ours) { return word.starts_with(ours); });
  });
  return words;
}

std::string quote(const std::string& word) {
  return word.find_first_of(" \t") == std::string::npos ? word : "\"" + word + "\"";
}

bool is_own_direct(const std::string& glob) {
  return std::ranges::find(kOwnDirect, glob) != kOwnDirect.end();
}

std::string non_proxy_hosts(const std::vector<std::string>& direct) {
  std::vector<std::string> all(kOwnDirect.begin(), kOwnDirect.end());
  for (const std::string& glob : direct) {
    if (std::ranges::find(all, glob) == all.end()) {
      all.push_back(glob);
    }
  }
  std::string text(kNonProxyHosts);
  for (const std::string& glob : all) {
    text += (&glob == &all.front() ? "" : "|") + glob;
  }
  return text;
}

}  // namespace

std::string java_tool_options(std::string_view before, const JavaSettings& settings) {
  std::vector<std::string> words = users_options(before);
  for (const char* scheme : {"http", "https"}) {
    words.push_back(std::string("-D") + scheme + ".proxyHost=" + settings.proxy_host);
    words.push_back(std::string("-D") + scheme + ".proxyPort=" + settings.proxy_port);
  }
  words.push_back(non_proxy_hosts(settings.direct));
  if (!settings.store.empty()) {
    words.push_back(quote("-Djavax.net.ssl.trustStore=" + settings.store));
    words.emplace_back("-Djavax.net.ssl.trustStoreType=jks");
    words.push_back("-Djavax.net.ssl.trustStorePassword=" + std::string(kJavaStorePassword));
  }
  return join_words(words);
}

std::vector<std::string> java_direct_hosts(std::string_view before) {
  std::vector<std::string> hosts;
  if (has_quotes(before)) {
    return hosts;
  }
  for (const std::string& word : split_words(before)) {
    if (!word.starts_with(kNonProxyHosts)) {
      continue;
    }
    std::string_view list = std::string_view(word).substr(kNonProxyHosts.size());
    while (!list.empty()) {
      const std::size_t end = std::min(list.find('|'), list.size());
      const std::string glob(list.substr(0, end));
      if (!glob.empty() && !is_own_direct(glob)) {
        hosts.push_back(glob);
      }
      list.remove_prefix(std::min(end + 1, list.size()));
    }
  }
  return hosts;
}

bool is_java_program(std::string_view program) {
  program.remove_prefix(program.rfind('/') == std::string_view::npos ? 0 : program.rfind('/') + 1);
  return std::ranges::find(kPrograms, program) != kPrograms.end();
}

}  // namespace keyswap::cli
