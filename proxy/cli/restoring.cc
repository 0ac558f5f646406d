// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/restoring.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <set>
#include <string_view>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/cli/files.h"

namespace keyswap::cli {

namespace {

namespace fs = std::filesystem;

constexpr mode_t kFolderMode = 0700;
constexpr mode_t kPrivateMode = 0600;
constexpr mode_t kPublicMode = 0644;
constexpr std::string_view kPlan = ".plan";
constexpr std::size_t kPlanBytesMax = std::size_t{64} * 1024;
// What belongs to a home's state and is another one's from then on. Not the audit log, nor the key
// file, which write_plan() may name.
constexpr const char* kReplaced =
    "vault.db\nvault.db-journal\nca.pem\nca-old.pem\nbundle.pem\nbindings.yaml\napproved\n"
    "providers\nlimits.db\nlimits.db-journal\napprovals.db\napprovals.db-journal\n";

// The second half of it: the old files are out of the way.
std::string moving_folder(const Home& home) {
  return restored_folder(home) + ".moving";
}

bool exists(const std::string& path) {
  struct stat info {};

  return lstat(path.c_str(), &info) == 0;
}

Failure not_finished(const std::string& what, int number) {
  return {Exit::cannot,
          "a restore of this home is not finished: " + what + ": " + explain_errno(number),
          "look at the home's modes and the disk; any keyswap command goes on with it"};
}

Failure killed() {
  return {Exit::cannot, "stopped on the way", ""};
}

bool make_folder(const std::string& path) {
  return mkdir(path.c_str(), kFolderMode) == 0 || errno == EEXIST;
}

bool move(const std::string& from, const std::string& to) {
  return std::rename(from.c_str(), to.c_str()) == 0 || errno == ENOENT;
}

// All of a folder but the plan; what stopped that, as errno has it, or 0.
int list_names(const std::string& folder, std::set<std::string>& names) {
  std::error_code error;
  for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    if (entry->path().filename() != kPlan) {
      names.insert(entry->path().filename().string());
    }
  }
  return error.value();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t begin = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

// Steps that end when they are told to, as a kill ends them.
class Steps {
 public:
  explicit Steps(const std::function<bool()>& may_go_on) : may_go_on_(may_go_on) {}

  // Moves if it is there. A failure.
  Problem move(const std::string& from, const std::string& to) {
    if (!may_go_on_()) {
      return killed();
    }
    return cli::move(from, to) ? Problem() : Problem(not_finished(to, errno));
  }

  Problem sync(const std::string& folder) {
    const auto synced = sync_folder(folder);
    return synced ? Problem()
                  : Problem(not_finished(folder, static_cast<int>(synced.error().number)));
  }

 private:
  const std::function<bool()>& may_go_on_;
};

Problem put_away_old(const Home& home, Steps& steps) {
  const std::string from = restored_folder(home);
  const auto text = read_file(from + "/" + std::string(kPlan), kPlanBytesMax);
  const auto plan = text ? lines_of(*text) : std::vector<std::string>();
  if (plan.empty() || plan.front().find('/') != std::string::npos) {
    return Failure{Exit::cannot,
                   "the folder " + from + " is no restore that keyswap began",
                   "move it away; the home is as it was"};
  }
  const std::string before = home.path + "/" + plan.front();
  if (!make_folder(before)) {
    return not_finished(before, errno);
  }
  for (std::size_t i = 1; i < plan.size(); ++i) {
    if (auto problem = steps.move(home.path + "/" + plan[i], before + "/" + plan[i])) {
      return problem;
    }
  }
  if (auto problem = steps.sync(before)) {
    return problem;
  }
  if (auto problem = steps.move(from, moving_folder(home))) {
    return problem;
  }
  return steps.sync(home.path);
}

Problem put_new_in_place(const Home& home, Steps& steps) {
  const std::string from = moving_folder(home);
  std::set<std::string> names;
  if (const int failed = list_names(from, names); failed != 0) {
    return not_finished(from, failed);
  }
  for (const std::string& name : names) {
    if (auto problem = steps.move(from + "/" + name, home.path + "/" + name)) {
      return problem;
    }
  }
  if (auto problem = steps.sync(home.path)) {
    return problem;
  }
  static_cast<void>(unlink((from + "/" + std::string(kPlan)).c_str()));
  return rmdir(from.c_str()) == 0 ? steps.sync(home.path) : Problem(not_finished(from, errno));
}

}  // namespace

base::Status write_files(const std::string& folder, const std::vector<BackedUp>& files) {
  std::set<std::string> made;
  for (const BackedUp& file : files) {
    const std::size_t slash = file.name.find('/');
    if (slash != std::string::npos) {
      const std::string below = folder + "/" + file.name.substr(0, slash);
      if (!make_folder(below)) {
        return base::Error{base::write_errc(errno), "cannot make a folder", errno};
      }
      made.insert(below);
    }
    const bool is_public = file.name == "ca.pem" || file.name == "ca-old.pem";
    const mode_t mode = is_public ? kPublicMode : kPrivateMode;
    KS_TRY(write_file(folder + "/" + file.name, file.bytes, mode));
  }
  for (const std::string& below : made) {
    KS_TRY(sync_folder(below));
  }
  return sync_folder(folder);
}

base::Status write_plan(const std::string& folder,
                        const std::string& before,
                        const std::vector<std::string>& also) {
  // Also what the backup brings besides, roots, say: a folder is not moved over one with files in
  // it, and a file would be gone that nobody put away.
  std::set<std::string> names(also.begin(), also.end());
  if (const int failed = list_names(folder, names); failed != 0) {
    return base::Error{base::Errc::io, "the folder cannot be read", failed};
  }
  for (std::string& name : lines_of(kReplaced)) {
    names.insert(std::move(name));
  }
  std::string plan = before + "\n";
  for (const std::string& name : names) {
    plan += name + "\n";
  }
  KS_TRY(write_file(folder + "/" + std::string(kPlan), plan, kPrivateMode));
  return sync_folder(folder);
}

std::string restored_folder(const Home& home) {
  return home.path + "/restored";
}

std::string free_before_name(const Home& home, const std::string& time) {
  const std::string name = "before-restore-" + time;
  std::string free = name;
  for (int number = 2; exists(home.path + "/" + free); ++number) {
    free = name + "-" + std::to_string(number);
  }
  return free;
}

Problem finish_restore(const Home& home, const std::function<bool()>& may_go_on) {
  if (!exists(restored_folder(home)) && !exists(moving_folder(home))) {
    return std::nullopt;
  }
  const File folder(open(home.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open() || flock(folder.descriptor(), LOCK_EX) != 0) {
    return not_finished(home.path, errno);
  }
  Steps steps(may_go_on);
  // Another command may have done it meanwhile.
  if (exists(restored_folder(home))) {
    if (auto problem = put_away_old(home, steps)) {
      return problem;
    }
  }
  return exists(moving_folder(home)) ? put_new_in_place(home, steps) : std::nullopt;
}

}  // namespace keyswap::cli
