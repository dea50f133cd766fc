// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "passes/Plan/Memory/SharePlaces.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <set>

namespace ingot {
namespace {

/// Smaller buffers are few lines, or used by one thread.
constexpr int64_t kSmallest = 4096;
/// The numbers of threads that count.
constexpr int64_t kThreads[] = {2, 4, 8};
/// What a line costs that no core's cache has, beside one that another core has. Without it buffers wander over all of the arena, and one thread
/// pays.
constexpr double kFar = 0.35;
/// The second-level caches whose lines are near. Measured: with 1 and 2 the convolutional nets gain half of what they do with 4 and 8.
constexpr int64_t kNearCaches = 4;
/// Of buffers so close in time the beginnings, middles and ends are places to try.
constexpr size_t kNeighbours = 16;
constexpr int64_t kSamples = 128;

/// Which thread used a byte of a buffer.
int64_t threadAt(const ArenaBuffer &buffer, int64_t address, int64_t threads) { return threads * (address - buffer.offset) / buffer.bytes; }

bool holds(const ArenaBuffer &buffer, int64_t address) { return buffer.offset <= address && address < buffer.offset + buffer.bytes; }

/// The buffers in the order in which a run first writes them.
class History {
public:
  explicit History(llvm::MutableArrayRef<ArenaBuffer> buffers) {
    for (ArenaBuffer &buffer : buffers)
      if (buffer.bytes >= kSmallest)
        order.push_back(&buffer);
    llvm::sort(order, [](const ArenaBuffer *a, const ArenaBuffer *b) { return a->first != b->first ? a->first < b->first : a < b; });
  }

  size_t size() const { return order.size(); }
  /// Runs follow each other: the buffer before the first one is the last one.
  ArenaBuffer &at(size_t i) const { return *order[i % order.size()]; }

  /// What it costs to write buffer `i` where it lies, in bytes that change threads, for each number in `threads` alike. Lines are near while fewer
  /// than `near` bytes were written since.
  double cost(size_t i, llvm::ArrayRef<int64_t> threads, int64_t near) const {
    const ArenaBuffer &own = at(i);
    int64_t step = std::max<int64_t>(own.bytes / kSamples, kBufferAlignment);
    double bytes = 0;
    for (int64_t address = own.offset + step / 2; address < own.offset + own.bytes; address += step) {
      const ArenaBuffer *other = before(i, address, near);
      auto moves = [&](int64_t count) { return threadAt(own, address, count) != threadAt(*other, address, count); };
      bytes += static_cast<double>(step) * (other ? static_cast<double>(llvm::count_if(threads, moves)) / threads.size() : kFar);
    }
    return bytes;
  }

private:
  /// What lay at `address` before buffer `i` was written, if lines are still near.
  const ArenaBuffer *before(size_t i, int64_t address, int64_t near) const {
    for (size_t back = 1; back <= order.size() && near > 0; ++back) {
      const ArenaBuffer &other = at(i + order.size() - back);
      if (holds(other, address))
        return &other;
      near -= other.bytes;
    }
    return nullptr;
  }

  llvm::SmallVector<ArenaBuffer *> order;
};

/// The places in the arena that nothing else takes while `own` is alive, where it fits.
llvm::SmallVector<std::pair<int64_t, int64_t>> gapsFor(const ArenaBuffer &own, llvm::ArrayRef<ArenaBuffer> buffers, int64_t arenaBytes) {
  llvm::SmallVector<std::pair<int64_t, int64_t>> taken, gaps;
  for (const ArenaBuffer &other : buffers)
    if (&other != &own && other.first <= own.last && own.first <= other.last)
      taken.push_back({other.offset, other.offset + other.bytes});
  llvm::sort(taken);
  taken.push_back({arenaBytes, arenaBytes});
  int64_t begin = 0;
  for (auto [from, to] : taken) {
    if (from - begin >= own.bytes)
      gaps.push_back({begin, from});
    begin = std::max<int64_t>(begin, llvm::alignTo(to, kBufferAlignment));
  }
  return gaps;
}

/// Offsets at which buffer `i` would begin, end or have its middle where a gap or a buffer of about its time does.
std::set<int64_t> placesToTry(const History &history, size_t i, std::pair<int64_t, int64_t> gap) {
  const ArenaBuffer &own = history.at(i);
  std::set<int64_t> places;
  auto add = [&](int64_t offset) {
    offset = llvm::alignDown(std::max<int64_t>(offset, 0), kBufferAlignment);
    if (offset >= gap.first && offset + own.bytes <= gap.second)
      places.insert(offset);
  };
  auto addAlong = [&](int64_t begin, int64_t end) {
    for (int64_t offset : {begin, (begin + end - own.bytes) / 2, end - own.bytes})
      add(offset);
  };
  addAlong(gap.first, gap.second);
  for (size_t back = 1; back <= std::min(kNeighbours, history.size()); ++back)
    for (size_t other : {i + history.size() - back, i + back})
      addAlong(history.at(other).offset, history.at(other).offset + history.at(other).bytes);
  return places;
}

} // namespace

void keepSharesInPlace(llvm::MutableArrayRef<ArenaBuffer> buffers, int64_t arenaBytes, int64_t l2Bytes) {
  History history(buffers);
  int64_t near = kNearCaches * l2Bytes;
  constexpr int kRounds = 2; // the first buffers follow the last ones
  for (size_t step = 0; step < kRounds * history.size(); ++step) {
    size_t i = step % history.size();
    ArenaBuffer &buffer = history.at(i);
    int64_t best = buffer.offset;
    double least = history.cost(i, kThreads, near);
    for (std::pair<int64_t, int64_t> gap : gapsFor(buffer, buffers, arenaBytes))
      for (int64_t offset : placesToTry(history, i, gap)) {
        buffer.offset = offset;
        if (double cost = history.cost(i, kThreads, near); cost < least)
          least = cost, best = offset;
      }
    buffer.offset = best;
  }
}

int64_t bytesThatChangeThreads(llvm::ArrayRef<ArenaBuffer> buffers) {
  llvm::SmallVector<ArenaBuffer> copies(buffers);
  History history(copies);
  double bytes = 0;
  for (size_t i = 0; i < history.size(); ++i)
    bytes += history.cost(i, 2, INT64_MAX);
  return std::llround(bytes);
}

} // namespace ingot
