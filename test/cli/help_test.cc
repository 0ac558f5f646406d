// SPDX-License-Identifier: Apache-2.0
//
// What the commands say of themselves: help, manual pages and completions are made of one page
// each, and so are looked at together. (That the program's own table has them all is in
// test/e2e/test_words.py.)
#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <regex>
#include <set>

#include <catch2/catch.hpp>

#include "proxy/cli/command.h"
#include "proxy/cli/command_line_split.h"
#include "proxy/cli/completion.h"
#include "proxy/cli/completion_words.h"
#include "proxy/cli/help_text.h"
#include "proxy/cli/help_topics.h"
#include "proxy/cli/man_page.h"
#include "proxy/cli/word_wrap.h"
#include "test/support/data.h"
#include "test/support/text.h"

namespace keyswap::cli {

namespace {

constexpr std::array kCommands = {
    Command{"demo", "a demo", run_demo},
    Command{"init", "a home", run_init},
    Command{"secret", "secrets", run_secret},
    Command{"login", "a log-in", run_login},
    Command{"source", "sources", run_source},
    Command{"provider", "the catalogue", run_provider},
    Command{"caller", "callers", run_caller},
    Command{"serve", "the proxy", run_serve},
    Command{"run", "a command", run_run},
    Command{"env", "variables", run_env},
    Command{"bindings", "bindings", run_bindings},
    Command{"audit", "the log", run_audit},
    Command{"limits", "limits", run_limits},
    Command{"ca", "the CA", run_ca},
    Command{"import", "others' files", run_import},
    Command{"status", "a state", run_status},
    Command{"reload", "a reload", run_reload},
    Command{"passwd", "ways to open", run_passwd},
    Command{"backup", "a backup", run_backup},
    Command{"restore", "a restore", run_restore},
    Command{"doctor", "a test", run_doctor},
    Command{"version", "a version", run_version},
};

constexpr CommandGroup kProgram = {
    "keyswap", "A proxy that keeps credentials out of programs.\n", "keyswap demo", kCommands};

const CommandPage& program() {
  static const CommandPage page = page_of(kProgram);
  return page;
}

std::vector<CommandPage> all_pages(const CommandPage& page) {
  std::vector<CommandPage> pages = {page};
  for (const auto& command : page.commands) {
    const auto below = all_pages(command);
    pages.insert(pages.end(), below.begin(), below.end());
  }
  return pages;
}

using keyswap::test::has;

const CommandPage& command_of(const CommandPage& group, std::string_view name) {
  const auto found = std::ranges::find(group.commands, name, &CommandPage::name);
  REQUIRE(found != group.commands.end());
  return *found;
}

// In a string, that is: a comment is for who reads the code.
bool names_a_document(std::string_view line) {
  const std::size_t at = line.find("docs/");
  const std::size_t comment = line.find("//");
  return at != std::string_view::npos && comment > at &&
         std::ranges::count(line.substr(0, at), '"') % 2 == 1;
}

std::vector<std::string_view> topics_named_in(std::string_view line) {
  constexpr std::string_view kNaming = "keyswap help ";
  std::vector<std::string_view> topics;
  for (std::size_t at = line.find(kNaming); at != std::string_view::npos;
       at = line.find(kNaming, at + 1)) {
    std::string_view word = line.substr(at + kNaming.size());
    word = word.substr(0, word.find_first_of(" `\"'.,:;)\\"));
    if (!word.empty()) {  // it goes on in the next line
      topics.push_back(word);
    }
  }
  return topics;
}

std::string in_one_line(const std::string& text) {
  return std::regex_replace(text, std::regex("\\s+"), " ");
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("every command's help fits 80 columns, has an example, and none of the parser's noise") {
  for (const auto& page : all_pages(program())) {
    const std::string text = help_text(page);
    INFO(text);
    for (const auto line : lines_of(text)) {
      CHECK(columns_of(line) <= kColumns);
      CHECK((line.empty() || line.back() != ' '));
    }
    CHECK(text.find("Usage: " + page.name) != std::string::npos);
    CHECK(has(text, "Example"));
    CHECK(has(text, "-h, --help"));
    for (const char* noise :
         {"OPTIONS", "TEXT:", "REQUIRED", "Excludes", "Positionals", "UINT", ":{", "docs/"}) {
      INFO(noise);
      CHECK_FALSE(has(text, noise));
    }
  }
}

TEST_CASE("a command that describes itself is not run, and says what it takes") {
  CommandPage page;
  Arguments asked;
  asked.page = &page;
  CHECK(run_env(asked) == 0);
  CHECK(page.name == "keyswap env");
  CHECK(run_run(asked) == 0);
  CHECK(page.usage == "keyswap run [options] [--] CMD [ARGUMENTS...]");
  CHECK(run_secret(asked) == 0);
  CHECK(command_of(page, "keyswap secret add").usage == "keyswap secret add [options] NAME");
}

TEST_CASE("choices and defaults are told in words") {
  CommandPage page;
  Arguments asked;
  asked.page = &page;
  CHECK(run_audit(asked) == 0);
  const std::string all = help_text(command_of(page, "keyswap audit show"));
  CHECK(has(all, "--decision KIND"));
  CHECK(has(all, "allowed, pass, denied or\n"));  // and wrapped
  CHECK(run_serve(asked) == 0);
  CHECK(has(help_text(page), "(default: 127.0.0.1:8472)"));
}

TEST_CASE("a mistyped option or command is used wrongly") {
  CHECK(run_secret({"lsit"}) == 2);
  CHECK(run_secret({"list", "--jsno"}) == 2);
  CHECK(run_secret({"-q"}) == 2);
  CHECK(run_secret({"-v", "--help"}) == 0);
}

TEST_CASE("every word of the help is completed, and no other") {
  const CompletionWords words = completion_words(program());
  std::set<std::string> completed(words.commands.begin(), words.commands.end());
  for (const auto& page : all_pages(program())) {
    CHECK((page.name == "keyswap" || completed.contains(page.name)));
  }
  const std::string bash = bash_completion(program());
  const std::string zsh = zsh_completion(program());
  const std::string fish = fish_completion(program());
  for (const auto& page : all_pages(program())) {
    for (const auto& option : page.options) {
      CHECK(has(bash, option.name));
      CHECK(has(zsh, option.name + ":"));
      const bool is_long = option.name.starts_with("--");
      CHECK(has(fish, (is_long ? " -l " : " -s ") + option.name.substr(is_long ? 2 : 1) + " "));
    }
  }
  CHECK(words.choices.at("keyswap env --format").size() == 6);
  CHECK(words.runners.contains("keyswap run"));
}

TEST_CASE("manual pages have every option of the help") {
  for (const auto& command : program().commands) {
    const std::string page = man_page(command);
    INFO(page);
    CHECK(page.starts_with(".TH KEYSWAP-"));
    for (const auto& below : all_pages(command)) {
      for (const auto& option : below.options) {
        CHECK(has(page, std::regex_replace(option.name, std::regex("-"), "\\-")));
      }
    }
  }
  const std::string whole = man_page(program());
  CHECK(has(whole, "keyswap\\-secret(1)"));
  for (const auto& topic : help_topics()) {
    CHECK(has(whole, std::string(topic.title)));
  }
}

TEST_CASE("topics fit 80 columns, and stand in alphabetical order") {
  std::string_view before;
  for (const auto& topic : help_topics()) {
    CHECK(before < topic.name);
    before = topic.name;
    CHECK(find_topic(topic.name) == &topic);
    const std::string text = topic_text(topic);
    INFO(text);
    for (const auto line : lines_of(text)) {
      CHECK(columns_of(line) <= kColumns);
    }
    CHECK_FALSE(has(text, "docs/"));
  }
  CHECK(find_topic("no-such-topic") == nullptr);
}

TEST_CASE("the topic of approvals tells of a home in which nothing is approved at first", "[I17]") {
  const std::string topic = in_one_line(topic_text(*find_topic("approval")));
  CHECK(has(topic, "nothing is approved at first"));
  CHECK_FALSE(has(topic, "approved as it is written"));
}

TEST_CASE("the topic of clients names each client that the documents say needs more") {
  const std::string document = content_of(test::tree_path("docs/operations.md"));
  const std::string_view table = std::string_view(document).substr(
      std::min(document.find("| Client | What it needs |"), document.size()));
  const std::string topic = in_one_line(topic_text(*find_topic("clients")));
  std::size_t seen = 0;
  for (const auto line : lines_of(table.substr(0, table.find("\n\n")))) {
    // The client without what is said of it: "`stripe`" of "Python's `stripe`".
    std::string client(line.substr(2, line.find(" |", 2) - 2));
    client = std::regex_replace(client.substr(0, client.find(", ")), std::regex("`"), "");
    if (client == "Client" || client.starts_with("--")) {
      continue;
    }
    ++seen;
    INFO(client);
    CHECK(has(topic, client));
  }
  CHECK(seen >= 8);
}

TEST_CASE("every `keyswap help X` that the program names is there, and none names docs/") {
  std::set<std::string, std::less<>> known = {"TOPIC", "secret"};  // of the usage, in an example
  for (const auto& topic : help_topics()) {
    known.emplace(topic.name);
  }
  std::size_t seen = 0;
  for (const char* folder : {"proxy", "bindings", "vault", "audit", "ca"}) {
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(test::tree_path(folder))) {
      if (entry.path().extension() != ".cc" || entry.path().filename() == "help.cc") {
        continue;
      }
      const std::string text = content_of(entry.path());
      for (const auto line : lines_of(text)) {
        INFO(entry.path().string() << ": " << line);
        CHECK_FALSE(names_a_document(line));
        for (const auto topic : topics_named_in(line)) {
          ++seen;
          CHECK(known.contains(topic));
        }
      }
    }
  }
  CHECK(seen > 10);
}

TEST_CASE("what stands behind an option of `run` that has a value is not the command") {
  std::size_t seen = 0;
  for (const auto& option : command_of(program(), "keyswap run").options) {
    const bool has_value = !option.value.empty();
    seen += has_value ? 1 : 0;
    INFO(option.name);
    const auto [own, command] = split_at_command({option.name, "word", "cmd"});
    CHECK(own.size() == (has_value ? 2U : 1U));
  }
  CHECK(seen > 4);
}

}  // namespace keyswap::cli
