// SPDX-License-Identifier: Apache-2.0
//
// keyswap help, version, completion, man and pages: what the commands say of themselves, in the
// forms that people, shells and man read.
#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>

#include "proxy/cli/command_line.h"
#include "proxy/cli/command_page.h"
#include "proxy/cli/completion.h"
#include "proxy/cli/files.h"
#include "proxy/cli/help_text.h"
#include "proxy/cli/help_topics.h"
#include "proxy/cli/man_page.h"
#include "proxy/cli/nearest_word.h"
#include "proxy/cli/options.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

using Words = std::vector<std::string>;

Words command_names(const CommandGroup& program) {
  Words names;
  for (const Command& command : program.commands) {
    names.emplace_back(command.name);
  }
  return names;
}

Words topic_names() {
  Words names;
  for (const HelpTopic& topic : help_topics()) {
    names.emplace_back(topic.name);
  }
  return names;
}

Words together(Words one, const Words& other) {
  for (const auto& word : other) {
    if (std::ranges::find(one, word) == one.end()) {
      one.push_back(word);
    }
  }
  return one;
}

// The command that `words` lead to; null, and the words up to the unknown one, where they lead to
// none.
const CommandPage* find_page(const CommandPage& program, Words& words) {
  const CommandPage* page = &program;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto found = std::ranges::find(page->commands, words[i], word_of);
    if (found == page->commands.end()) {
      words.resize(i + 1);
      return nullptr;
    }
    page = &*found;
  }
  return page;
}

int no_such_page(const CommandPage& program, const Words& words) {
  Words above(words.begin(), words.end() - 1);
  const CommandPage* group = find_page(program, above);
  Words known = words.size() == 1 ? topic_names() : Words{};
  std::ranges::transform(group->commands, std::back_inserter(known), word_of);
  const std::string nearest = nearest_word(words.back(), known);
  const std::string in = words.size() == 1 ? "" : " in '" + group->name + "'";
  const std::string before = words.size() == 1 ? "" : words.front() + " ";
  return report(
      {Exit::usage,
       "there is no command or topic " + shown_word(words.back(), nearest) + in,
       nearest.empty() ? "see: keyswap help" : "did you mean: keyswap help " + before + nearest});
}

int show_help(const CommandPage& program, Words words) {
  const HelpTopic* topic = words.size() == 1 ? find_topic(words.front()) : nullptr;
  const CommandPage* page = find_page(program, words);
  if (page == nullptr && topic == nullptr) {
    return no_such_page(program, words);
  }
  if (page != nullptr) {
    print(help_text(*page));
  }
  if (topic != nullptr) {
    print((page == nullptr ? "" : "\n") + topic_text(*topic));
  }
  return static_cast<int>(Exit::done);
}

// With all above it.
base::Status make_folder(const std::string& path) {
  std::error_code failed;
  std::filesystem::create_directories(path, failed);
  if (failed) {
    return base::Error{
        base::write_errc(failed.value()), "cannot make a folder there", failed.value()};
  }
  return {};
}

// One page for each command of the program; its subcommands stand on it.
base::Status write_manual(const CommandPage& program, const std::string& folder) {
  KS_TRY(write_file(folder + "/keyswap.1", man_page(program), 0644));
  for (const auto& command : program.commands) {
    KS_TRY(write_file(folder + "/" + man_name(command) + ".1", man_page(command), 0644));
  }
  return {};
}

base::Status write_pages(const CommandPage& program, const std::string& folder) {
  struct Place {
    const char* folder;
    const char* file;
    std::string (*text)(const CommandPage&);
  };

  // Where Debian's packages, and a user's ~/.local/share, keep them.
  constexpr std::array kPlaces = {
      Place{"/bash-completion/completions", "/keyswap", bash_completion},
      Place{"/zsh/vendor-completions", "/_keyswap", zsh_completion},
      Place{"/fish/vendor_completions.d", "/keyswap.fish", fish_completion},
  };
  for (const Place& place : kPlaces) {
    KS_TRY(make_folder(folder + place.folder));
    KS_TRY(write_file(folder + place.folder + place.file, place.text(program), 0644));
  }
  KS_TRY(make_folder(folder + "/man/man1"));
  return write_manual(program, folder + "/man/man1");
}

}  // namespace

int run_help(const CommandGroup& program, const Arguments& arguments) {
  Words words;
  CommandLine app(
      "keyswap help [COMMAND [SUBCOMMAND] | TOPIC]\n\n"
      "Shows the help of a command, or a short text about a topic.",
      "keyswap help");
  app.add_option("WORD", words, "one of these, or one of these and its subcommand")
      ->suggests(together(command_names(program), topic_names()));
  if (const auto status =
          parse_arguments(app, arguments, "keyswap help secret add\nkeyswap help unlocking")) {
    return *status;
  }
  return show_help(page_of(program), std::move(words));
}

int run_version(const Arguments& arguments) {
  CommandLine app("Prints which version of keyswap this is.", "keyswap version");
  if (const auto status = parse_arguments(app, arguments, "keyswap version")) {
    return *status;
  }
  print_line("keyswap " KEYSWAP_VERSION);
  return static_cast<int>(Exit::done);
}

int run_completion(const CommandGroup& program, const Arguments& arguments) {
  std::string shell;
  CommandLine app(
      "Prints the script by which a shell completes keyswap's commands and options. `keyswap "
      "pages` writes it where shells look for it. In .zshrc it stands behind compinit.",
      "keyswap completion");
  app.add_option("SHELL", shell, "which shell")->required()->one_of({"bash", "zsh", "fish"});
  if (const auto status = parse_arguments(app,
                                          arguments,
                                          "source <(keyswap completion bash)\n"
                                          "keyswap completion fish | source")) {
    return *status;
  }
  const CommandPage page = page_of(program);
  print(shell == "bash"  ? bash_completion(page)
        : shell == "zsh" ? zsh_completion(page)
                         : fish_completion(page));
  return static_cast<int>(Exit::done);
}

int run_man(const CommandGroup& program, const Arguments& arguments) {
  Words words;
  CommandLine app(
      "keyswap man [COMMAND]\n\n"
      "Prints the manual page of a command, or that of keyswap, for man to format.",
      "keyswap man");
  app.add_option("COMMAND", words, "which command")->suggests(command_names(program));
  if (const auto status = parse_arguments(app, arguments, "keyswap man secret | man -l -")) {
    return *status;
  }
  const CommandPage all = page_of(program);
  const CommandPage* page = find_page(all, words);
  if (page == nullptr) {
    return no_such_page(all, words);
  }
  print(man_page(*page));
  return static_cast<int>(Exit::done);
}

int run_pages(const CommandGroup& program, const Arguments& arguments) {
  std::string folder;
  CommandLine app(
      "Writes the manual pages and the completions for bash, zsh and fish into a folder, each "
      "where it is looked for below a `share` folder. For another one than /usr/share, zsh needs "
      "DIR/zsh/vendor-completions in its fpath.",
      "keyswap pages");
  app.add_option("DIR", folder, "the folder, as ~/.local/share")->required();
  if (const auto status = parse_arguments(app, arguments, "keyswap pages ~/.local/share")) {
    return *status;
  }
  if (const auto written = write_pages(page_of(program), folder); !written) {
    return report({Exit::cannot,
                   "cannot write the pages into " + folder + ": " + explain(written.error()),
                   "name a folder that this user may write to"});
  }
  return static_cast<int>(Exit::done);
}

}  // namespace keyswap::cli
