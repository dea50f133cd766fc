// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PASSES_PLAN_PASSES_TD
#define PASSES_PLAN_PASSES_TD

include "mlir/Pass/PassBase.td"

def DescribeMachinePass : Pass<"ingot-describe-machine", "::mlir::func::FuncOp"> {
  let summary = "say what machine the plan is for";
  let description = [{
    Sets the function's `ingot.machine`: all numbers of a CPU that cost functions rest on (registers, vector bits, caches and what they give per cycle, the price of
    a barrier), of a level that passes/Plan/MachineModel.cpp lists, with the given `facts` in place of the level's. Without the attribute every pass of the stage
    takes the numbers of x86-64-v4. The other passes decide; this one only tells.
    Example: test/passes/Plan/describe-machine.mlir
  }];
  let options = [Option<"level", "level", "std::string", /*default=*/"\"x86-64-v4\"", "x86-64-v4, x86-64-v3 or aarch64">,
                 ListOption<"facts", "facts", "std::string", "Numbers in place of the level's, each as NAME:NUMBER">];
}

def ChooseKernelsPass : Pass<"ingot-choose-kernels", "::mlir::func::FuncOp"> {
  let summary = "give every region its family of kernels";
  let description = [{
    Asks each family in turn (gemv, contraction, convolution, depthwise, pool, recurrent, row, map); the first one that covers the region gets it, else the `plain`
    family does. `plain` forces that one (-O0). The plan is complete and the plainest: the family's smallest tile, nothing unrolled, one thread;
    `ingot-unroll-and-jam` and `ingot-auto-parallelize` make it fast.
    Example: test/passes/Plan/choose-kernels.mlir
  }];
  let options = [Option<"plain", "plain", "bool", /*default=*/"false", "Take the plain family for every region">];
}

def UnrollAndJamPass : Pass<"ingot-unroll-and-jam", "::mlir::func::FuncOp"> {
  let summary = "choose the register tile and the unroll factor of every region";
  let description = [{
    Jams as many rows and columns into a tile as the machine's registers hold (`rows * vectors + vectors + 1 <= 32`, with what the scheduler needs beside them) and
    unrolls the reduction: of all tiles that fit, the one whose predicted cycles, remainders and balance included, are least; of those within one percent the one that many threads
    share best. Kernels compute remainders exactly. The
    next best (`keep`) stay in `ingot.rejected`. `force` gives regions, by their number in the function or a name in their location, a tile, perhaps a factor
    (`conv1:6x32/2`) and perhaps the `ingot.loads` that `ingot-schedule-loads` would set otherwise (`conv1:6x32/2@4+0`); one that does not fit the registers or the
    family is an error. With `keys`, regions that compute the same on the same shapes get the same
    `ingot.key`, by which `force` knows them too: whoever measures tiles measures them once. Needs the families of `ingot-choose-kernels`.
    Example: test/passes/Plan/unroll-and-jam.mlir
  }];
  let options = [ListOption<"force", "force", "std::string", "Tiles of certain regions, each as REGION:12x64, REGION:12x64/2 or REGION:12x64/2@4+0">,
                 Option<"keep", "keep", "int64_t", /*default=*/"2", "How many of the next best tiles stay in ingot.rejected">,
                 Option<"keys", "keys", "bool", /*default=*/"false", "Say which regions are the same">];
}

def FuseSqueezePass : Pass<"ingot-fuse-squeeze", "::mlir::func::FuncOp"> {
  let summary = "let convolutions add up the tiles of images whose mean is wanted";
  let description = [{
    A squeeze-and-excitation block takes the mean of an image that a depthwise convolution has just computed. That convolution gets a second result
    (`ingot.tile_sums`): what each of its tiles adds up to, while the tile is in registers; the mean becomes one of these few sums, and the image is read again by
    the block's product alone. A tile belongs to one thread, so the bits do not depend on how many there are. Leaves reductions whose image has an unknown size,
    is no f32, is computed by another family or before other operations than the reduction, and tiles of fewer than four elements. Needs the tiles of
    `ingot-unroll-and-jam`, and runs before costs are estimated.
    Example: test/passes/Plan/fuse-squeeze.mlir
  }];
}

def ChainRowsPass : Pass<"ingot-chain-rows", "::mlir::func::FuncOp"> {
  let summary = "compute convolutions behind each other strip by strip, so that what lies between stays in the second cache";
  let description = [{
    Convolutions of which each is the only reader of the image before it (an inverted residual: expansion, depthwise, projection) run as a chain: a thread computes some
    rows of the last one's result with all of them, then the next rows. Images between them never leave the second cache, and do not exist as a whole: each thread
    has the rows that it is at, in its scratch memory, so that the arena does not hold them. A thread computes the rows above its first strip that its windows need, too;
    each element is computed as it is without the chain, so results have the same bits. Sets `ingot.chain` (number of the chain, rows of a strip) on two to four
    regions and puts them side by side. The number of rows is the one with which the chain is predicted to take least while a strip stays in the second cache;
    chains are formed where an image is larger than `least` of the second caches of all threads: smaller ones stay there anyway.
    Leaves images that somebody else reads, that lie in a padded or joined buffer or have sizes that only a run knows; convolutions whose tiles end inside of strips, with a
    prologue or divided by columns; other families. `force` gives the rows of all strips, and forms chains of any size. Needs tiles, runs before costs are estimated.
    Example: test/passes/Plan/chain-rows.mlir
  }];
  let options = [Option<"least", "least", "double", /*default=*/"1.5", "The bytes of an image that is worth a chain, in those of the second caches of all threads">,
                 Option<"force", "force", "int64_t", /*default=*/"0", "Rows of a strip; 0: as many as are predicted to be best">];
}

def EstimateCostsPass : Pass<"ingot-estimate-costs", "::mlir::func::FuncOp"> {
  let summary = "predict what every planned region costs";
  let description = [{
    Sets `ingot.cost` of every region: operations on numbers, bytes that must be read and written, and the cycles of one core that its plan is predicted to take,
    from the model of its family and the bandwidth of the caches or the memory that its bytes come from. Regions with symbolic dims are estimated at a typical size.
    Decides nothing: people and reports read it.
    Example: test/passes/Plan/estimate-costs.mlir
  }];
}

def AutoParallelizePass : Pass<"ingot-auto-parallelize", "::mlir::func::FuncOp"> {
  let summary = "decide which regions all threads share";
  let description = [{
    Divides regions into the units of their tiles (rows times columns; each thread takes a contiguous range of them) where the predicted time says so. For each chain
    of regions the choices are made together, by dynamic programming over (one thread, all threads) with the price of a barrier between two regions of which one
    reads the other's result, unless one thread runs both. Branches of a chain that stay on one thread each are run by different threads at once where that saves more
    than a barrier (`ingot.beside`). `ingot.efficiency` says what part of the threads' time each region is predicted to use (thousandths, for 1, 2, 4 ... 64 threads),
    `ingot.grid` how its work lies in its units. Where whole tiles do not divide well among some number of threads up to 64 (and each has 50 us or more), each panel of
    a tile is a unit: shares end inside of tiles. `always` divides all that have two units or more. Leaves the barriers themselves to `ingot-emit-kernels`, which sets
    as few as the buffers allow.
    Example: test/passes/Plan/auto-parallelize.mlir
  }];
  let options = [Option<"always", "always", "bool", /*default=*/"false", "Divide every region that can be divided">];
}

def ScheduleLoadsPass : Pass<"ingot-schedule-loads", "::mlir::func::FuncOp"> {
  let summary = "decide when weights are fetched that are multiplied by later";
  let description = [{
    Sets `ingot.loads` of regions whose kernels stream packed weights (contractions, direct and Winograd convolutions of all sizes): two numbers that kernels
    obey. The first one: while so many tiles of a block of columns are computed, the next block is fetched into the second cache; for Winograd's convolutions of
    several blocks of pixels it is 1, and the next block of pixels is fetched while the last columns of this one are computed. The second one, for weights that
    are read once for a block of pixels (Winograd) or rows (weights of 4 bits): each panel is fetched so many steps of the reduction before it is used; up to 64
    into the nearest cache, above into the second (of 4 bits always into the nearest). Nothing is fetched for short reductions, where there is one block only, or
    without the attribute. `ahead` gives the second number for all regions that read their weights once. A region that has the attribute, as its tile was forced
    with it, keeps it. With `others`, two or three other pairs of numbers stay in `ingot.other_loads` for whoever measures: nothing, near, and for weights that are
    read once in between. Needs tiles.
    Example: test/passes/Plan/schedule-loads.mlir
  }];
  let options = [Option<"ahead", "ahead", "int64_t", /*default=*/"-1", "Steps by which weights that are read once are fetched ahead; -1: as many as pay">,
                 Option<"others", "others", "bool", /*default=*/"false", "Keep other ways to fetch in ingot.other_loads">];
}

def FetchWeightsPass : Pass<"ingot-fetch-weights", "::mlir::func::FuncOp"> {
  let summary = "let products fetch weights of products behind them";
  let description = [{
    A product of one row with a matrix takes as long as its weights take to come from memory, which is idle while other regions compute. Such weights (of 64 KiB or
    more, in models whose weights are more than a second-level cache) become one more input of products with panels and 1x1 convolutions before, which their
    kernels only fetch, tile by tile (`ingot.fetches`: the input's number, the first element, and how many). The nearest regions get as many as 1.5 bytes for each
    predicted cycle are, those with many weights of their own 0.5, each of one matrix; none of those before which more was touched than the third-level cache
    holds. Regions of unknown sizes fetch nothing.
    Products of more rows fetch their weights themselves, a block of columns while the one before it is multiplied; but for the first one a thread waits. In the same
    models, the product before, if it has as many rows (of a size that only a run tells, too), has the weights as one more input, and each thread fetches the
    block that it will begin with while it computes its last tiles (`ingot.first_block`: the input's number, elements of a block, blocks, and from how many rows
    on all threads begin with the first block). Needs `ingot.cost` and the final order of regions.
    Example: test/passes/Plan/fetch-weights.mlir
  }];
}

def ScheduleStoresPass : Pass<"ingot-schedule-stores", "::mlir::func::FuncOp"> {
  let summary = "decide which results are written past the caches";
  let description = [{
    A line that a core writes is read first, and written back when it leaves the caches: a result that leaves them before it is read moves twice as many bytes as it
    has. Sets `ingot.stores` of regions of the outermost block, the numbers of the results that kernels write past the caches. These are of known size, larger than
    the second-level cache, and together with all that is touched until their first reader larger than the third of every machine that the code is for; they and each of their rows begin with cache lines,
    they are not written over an input, and the region's kernel writes whole lines in one go (maps, rows and pools; products and convolutions of floats of 32 bits). And
    only where that saves at least 5 % of the region's time as it is predicted for all threads of the machine; its `ingot.cost` is estimated anew. What is inside of
    loops and branches stays. With `always`, sizes and predictions do not count. A region that has the attribute keeps it. Needs tiles, shares of threads and the final
    order of regions, and `ingot-copy-views` before.
    Example: test/passes/Plan/schedule-stores.mlir
  }];
  let options = [Option<"always", "always", "bool", /*default=*/"false", "Write all results past the caches that can be">];
}

def ScheduleRegionsPass : Pass<"ingot-schedule-regions", "::mlir::func::FuncOp"> {
  let summary = "put the regions of a model into the order that needs the least memory";
  let description = [{
    Searches the orders of the outermost block's regions, control flow and definitions of symbols that the data allows for the one with the fewest bytes in use at
    once, results written over inputs included: exactly while there are at most `most-states` sets of regions to look at, by keeping the best few above that. The new
    order is taken only where the arena that `ingot-plan-buffers` would lay out becomes smaller. `ingot.schedule` says the arena's bytes before and after, a bound
    below which no order gets, and whether the search was exact. Bodies of control flow stay as they are. Needs plans, and `ingot-copy-views` before.
    Example: test/passes/Plan/schedule-regions.mlir
  }];
  let options = [Option<"mostStates", "most-states", "size_t", /*default=*/"4096", "Sets of regions above which the search is no longer exact">];
}

def BalanceSharesPass : Pass<"ingot-balance-shares", "::mlir::func::FuncOp"> {
  let summary = "let threads that are done take over what others have not begun";
  let description = [{
    Shares of equal work take different times: another process or virtual machine has the core, one core is slower, the last tiles are smaller. Sets `ingot.pieces`
    (blocks of columns or 0, and the least number of steps at a time) of regions that threads share: a thread takes its share in pieces, a quarter of what is left
    each time (guided self-scheduling, Polychronopoulos and Kuck 1987), and then pieces that other threads have not begun. Which thread computes a unit never
    changes its bits. Shares are cut where nothing is done twice: bands of rows across (all rows, some blocks of columns: weights are read once), others behind
    whole blocks of columns (products) or of pixels (Winograd). Regions stay whole that are predicted to take less than `least` barriers on each of the machine's
    threads, or whose pieces could not take `piece` barriers; so do chains, products with a prologue, and families bound by memory, which
    would fetch from another core what they save. Needs shares of threads and predicted costs.
    Example: test/passes/Plan/balance-shares.mlir
  }];
  let options = [Option<"least", "least", "double", /*default=*/"48", "What a region takes on each thread to be offered, in barriers">,
                 Option<"piece", "piece", "double", /*default=*/"8", "What the smallest piece takes, in barriers">];
}

def KeepSharesPass : Pass<"ingot-keep-shares", "::mlir::func::FuncOp"> {
  let summary = "let threads write where they wrote before";
  let description = [{
    A thread that writes cache lines which another core has waits for them: 30 ns where the cores share a third-level cache, 160 ns where they do not. Threads take
    bands of each result in order, so they stay on their lines where the middles (and ends) of buffers lie where those of the buffers before lay. Sets `ingot.shares`
    where the buffers that `ingot-plan-buffers` places can be moved so, within the same arena: of the bytes that a run with two threads writes where the other thread
    was last, `before` and `after` say how many there are; without a tenth less, it sets nothing. What was not used for long is taken to be further away than what
    another core has just written, but not by as much. Models with open dims keep the places that are computed by the run. Needs plans and shares of threads, and
    `ingot-copy-views` before.
    Example: test/passes/Plan/keep-shares.mlir
  }];
}

def FixDimsPass : Pass<"ingot-fix-dims", "::mlir::func::FuncOp"> {
  let summary = "compile for certain sizes of symbolic dims";
  let description = [{
    Replaces symbols by the given sizes (-1 leaves one as it is) in all types of a function of the region stage. The symbols stay the model's: a run gives values
    for all of them, and the sizes of the results stay where a run of the general code has them.
    Example: test/passes/Plan/fix-dims.mlir
  }];
  let options = [ListOption<"sizes", "sizes", "int64_t", "One size per symbol, or -1">];
}

def CopyViewsPass : Pass<"ingot-copy-views", "::mlir::func::FuncOp"> {
  let summary = "turn the view operations that need a copy into regions";
  let description = [{
    A view operation moves no data where a strided view of a buffer will do (passes/Plan/ViewPlacement.h). The others become regions of their own, and a value that
    cannot lie in the concatenated, padded or returned buffer that wants it is copied there.
    Example: test/passes/Plan/copy-views.mlir
  }];
  let dependentDialects = ["::ingot::IngotDialect"];
}

def PlanBuffersPass : Pass<"ingot-plan-buffers", "::mlir::func::FuncOp"> {
  let summary = "place every tensor: in an argument, in the arena or among the weights";
  let description = [{
    The function's tensor arguments become buffers, its results become buffers after them, and two more arguments follow: the arena (`ingot.arena`, whose type says
    its size) and the weights (`ingot.weights`). View operations become strided views of the buffers they read, or of the larger buffer that their operands are
    written into; the border of a pad is filled by regions of its own. An elementwise region, or the epilogue of a fast kernel, writes over an input that nobody
    reads afterwards. Every other buffer gets a range of the arena for the time from its first writer to its last reader; ranges are placed largest first at the
    lowest free offset (greedy by size, Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020). Weights get offsets in the order of
    first use, 64-byte aligned, listed in the module's `ingot.weight_layout`. Run `ingot-copy-views` and the passes that plan regions before.
    Example: test/passes/Plan/plan-buffers.mlir
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"];
}

def VerifyPlanPass : Pass<"ingot-verify-plan", "::mlir::func::FuncOp"> {
  let summary = "check what the plan stage promises";
  let description = [{
    Every region has buffers and a plan, no tensor is left outside of regions, and what a region writes does not overlap what it reads.
    Example: test/passes/Plan/verify-plan.mlir
  }];
}

#endif
