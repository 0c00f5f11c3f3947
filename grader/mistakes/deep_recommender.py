"""Known mistakes of the chapter `deep_recommender`: what students really write, and the hint that cures it.

They stand in the order of the exercises. Where two misconceptions give the same answer, one entry speaks of both.
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn

from grader.implementations import distractor, mistake

# --- make_batches ----------------------------------------------------------------------------------------------------


def cut(users, movies, ratings, order, batch_size):
    return [(users[batch], movies[batch], ratings[batch]) for batch in order.split(batch_size)]


@mistake(
    "deep_recommender.make_batches",
    hint="The ratings stay in the order of the file. Whoever stands together there, is trained together for ever, such "
    "as all ratings of one user. Draw a random order inside the function.",
)
def never_shuffled(users, movies, ratings, batch_size, generator):
    return cut(users, movies, ratings, torch.arange(len(ratings)), batch_size)


@mistake(
    "deep_recommender.make_batches",
    hint="You shuffle users, movies and ratings each in an order of its own. A rating then stands beside a user who "
    "never gave it. One order has to be used for all three.",
)
def three_orders(users, movies, ratings, batch_size, generator):
    shuffled = [part[torch.randperm(len(part), generator=generator)] for part in (users, movies, ratings)]
    return list(zip(*(part.split(batch_size) for part in shuffled), strict=True))


@mistake(
    "deep_recommender.make_batches",
    hint="Only the order of the batches is random; the ratings within a batch are always the same. Shuffle ratings "
    "first, and cut afterwards.",
)
def shuffles_whole_batches(users, movies, ratings, batch_size, generator):
    batches = cut(users, movies, ratings, torch.arange(len(ratings)), batch_size)
    return [batches[i] for i in torch.randperm(len(batches) - 1, generator=generator)] + [batches[-1]]


@mistake(
    "deep_recommender.make_batches",
    hint="A second call gives the same batches as the first: inside the function you start the random numbers anew. "
    "Draw from the given generator as it is. It goes on where it stopped.",
)
def same_order_every_time(users, movies, ratings, batch_size, generator):
    own = torch.Generator().manual_seed(generator.initial_seed())
    return cut(users, movies, ratings, torch.randperm(len(ratings), generator=own), batch_size)


@mistake(
    "deep_recommender.make_batches",
    hint="The order does not come from the given generator, so nobody can repeat your training. Hand the generator to "
    "the function that draws the order.",
)
def ignores_the_generator(users, movies, ratings, batch_size, generator):
    return cut(users, movies, ratings, torch.randperm(len(ratings)), batch_size)


@mistake(
    "deep_recommender.make_batches",
    hint="Some ratings come twice and others never. You draw numbers with repetition, or a new order for each batch. "
    "Asked for is one order of all ratings, a permutation, cut into pieces.",
)
def draws_with_repetition(users, movies, ratings, batch_size, generator):
    order = torch.randint(len(ratings), (len(ratings),), generator=generator)
    return cut(users, movies, ratings, order, batch_size)


@mistake(
    "deep_recommender.make_batches",
    hint="The ratings that do not fill a whole batch are lost. The last batch may be smaller than the others.",
)
def drops_the_last_batch(users, movies, ratings, batch_size, generator):
    order = torch.randperm(len(ratings), generator=generator)
    n_whole = len(ratings) // batch_size * batch_size
    return cut(users, movies, ratings, order[:n_whole], batch_size)


@mistake(
    "deep_recommender.make_batches",
    hint="`batch_size` is the number of ratings in a batch. You use it as the number of batches.",
)
def as_many_batches(users, movies, ratings, batch_size, generator):
    order = torch.randperm(len(ratings), generator=generator)
    return cut(users, movies, ratings, order, -(-len(ratings) // batch_size))


@mistake(
    "deep_recommender.make_batches",
    hint="Where the batch size divides the number of ratings, you return one batch too many, an empty one. How many "
    "batches are needed?",
)
def an_empty_batch(users, movies, ratings, batch_size, generator):
    order = torch.randperm(len(ratings), generator=generator)
    starts = range(0, len(ratings) + 1, batch_size)
    return [[part[order[start : start + batch_size]] for part in (users, movies, ratings)] for start in starts]


@mistake(
    "deep_recommender.make_batches",
    hint="You write the new order into the tensors that you were given. They belong to whoever calls, and the next "
    "epoch would start from another order. Leave them as they are.",
)
def shuffles_in_place(users, movies, ratings, batch_size, generator):
    order = torch.randperm(len(ratings), generator=generator)
    for part in (users, movies, ratings):
        part[:] = part[order]
    return cut(users, movies, ratings, torch.arange(len(ratings)), batch_size)


# --- embed -----------------------------------------------------------------------------------------------------------


@mistake(
    "deep_recommender.embed",
    hint="The movie's numbers stand in front of the user's. The docstring asks for the user first.",
)
def movie_first(users_embedding, movies_embedding, dropout, users, movies):
    return dropout(torch.cat([movies_embedding(movies), users_embedding(users)], dim=1))


@mistake(
    "deep_recommender.embed",
    hint="You joined the two one below the other, so there are twice as many rows as pairs. Each pair needs one row: "
    "join along the other dimension.",
)
def one_below_the_other(users_embedding, movies_embedding, dropout, users, movies):
    return dropout(torch.cat([users_embedding(users), movies_embedding(movies)], dim=0))


@mistake(
    "deep_recommender.embed",
    hint="You added the two vectors. From a sum the network cannot tell what comes from the user and what from the "
    "movie. Put them side by side.",
)
def a_sum(users_embedding, movies_embedding, dropout, users, movies):
    return dropout(users_embedding(users) + movies_embedding(movies))


@mistake(
    "deep_recommender.embed",
    hint="You multiplied the two vectors. That is half of a dot product, and the model of another chapter. Here the "
    "network gets both vectors as they are, side by side.",
)
def a_product(users_embedding, movies_embedding, dropout, users, movies):
    return dropout(users_embedding(users) * movies_embedding(movies))


@mistake(
    "deep_recommender.embed",
    hint="Dropout is missing: in training mode nothing is set to 0. Send the joined vector through the given layer.",
)
def no_dropout(users_embedding, movies_embedding, dropout, users, movies):
    return torch.cat([users_embedding(users), movies_embedding(movies)], dim=1)


@mistake(
    "deep_recommender.embed",
    hint="Dropout acts even in evaluation mode, so the same pair gets another prediction each time. `F.dropout` and a "
    "new `nn.Dropout` do not know the mode of the model. The given layer `dropout` does.",
)
def dropout_always_on(users_embedding, movies_embedding, dropout, users, movies):
    return F.dropout(torch.cat([users_embedding(users), movies_embedding(movies)], dim=1), 0.5)


@mistake(
    "deep_recommender.embed",
    hint="Dropout acts on the user's half only. Apply it to the joined vector.",
)
def dropout_on_users_only(users_embedding, movies_embedding, dropout, users, movies):
    return torch.cat([dropout(users_embedding(users)), movies_embedding(movies)], dim=1)


@mistake(
    "deep_recommender.embed",
    hint="You looked up users in the table of movies, and movies in that of users. Each has a table of its own.",
)
def tables_swapped(users_embedding, movies_embedding, dropout, users, movies):
    a, b = movies_embedding(users), users_embedding(movies.clamp(max=users_embedding.num_embeddings - 1))
    return dropout(torch.cat([a, b], dim=1))


@mistake(
    "deep_recommender.embed",
    hint="The vectors are right, but no gradient gets back to the tables, so they would keep their random start for "
    "ever. You leave the graph by `.data`, `detach()`, `no_grad` or NumPy. Call the layers.",
)
def tables_cut_off(users_embedding, movies_embedding, dropout, users, movies):
    return dropout(torch.cat([users_embedding.weight.data[users], movies_embedding.weight.data[movies]], dim=1))


@mistake(
    "deep_recommender.embed",
    hint="Dropout acts twice, so three quarters of the numbers are gone and not half. Apply it once, to the joined "
    "vector.",
)
def dropped_twice(users_embedding, movies_embedding, dropout, users, movies):
    return dropout(torch.cat([dropout(users_embedding(users)), dropout(movies_embedding(movies))], dim=1))


# --- n_parameters ----------------------------------------------------------------------------------------------------


def layers_of(sizes, biases=True):
    return sum((a + biases) * b for a, b in pairwise(sizes))


@mistake("deep_recommender.n_parameters", hint="You counted weights, but no biases. Each output of a layer has one.")
def without_biases(n_users, n_movies, n_factors, hidden):
    return (n_users + n_movies) * n_factors + layers_of([2 * n_factors, *hidden, 1], biases=False)


@mistake(
    "deep_recommender.n_parameters",
    hint="The tables of embeddings are missing. Every number in them is learned, and they are by far the largest part.",
)
def without_embeddings(n_users, n_movies, n_factors, hidden):
    return layers_of([2 * n_factors, *hidden, 1])


@mistake(
    "deep_recommender.n_parameters",
    hint="The layer `fc` behind the hidden layers is missing: it has weights and a bias, too.",
)
def without_fc(n_users, n_movies, n_factors, hidden):
    return (n_users + n_movies) * n_factors + layers_of([2 * n_factors, *hidden])


@mistake(
    "deep_recommender.n_parameters",
    hint="Your first hidden layer reads one embedding. It gets two, side by side: how many numbers is that?",
)
def reads_one_embedding(n_users, n_movies, n_factors, hidden):
    return (n_users + n_movies) * n_factors + layers_of([n_factors, *hidden, 1])


@mistake(
    "deep_recommender.n_parameters",
    hint="You gave every pair of a user and a movie an embedding of its own. That is what embeddings avoid: there is "
    "one for each user and one for each movie.",
)
def an_embedding_for_each_pair(n_users, n_movies, n_factors, hidden):
    return n_users * n_movies * n_factors + layers_of([2 * n_factors, *hidden, 1])


@mistake(
    "deep_recommender.n_parameters",
    hint="You gave the tables of embeddings biases. A look-up adds nothing: a table has a row of `n_factors` numbers "
    "for each user or movie, and that is all.",
)
def embeddings_with_biases(n_users, n_movies, n_factors, hidden):
    return (n_users + n_movies) * (n_factors + 1) + layers_of([2 * n_factors, *hidden, 1])


@mistake(
    "deep_recommender.n_parameters",
    hint="All your hidden layers read the joined vector. Only the first one does. Each further layer reads what the "
    "layer before it gives.",
)
def all_layers_read_the_input(n_users, n_movies, n_factors, hidden):
    return (n_users + n_movies) * n_factors + sum((2 * n_factors + 1) * n for n in hidden) + hidden[-1] + 1


@mistake(
    "deep_recommender.n_parameters",
    hint="You count one hidden layer, whatever the length of `hidden`. Go through the whole list.",
)
def one_hidden_layer(n_users, n_movies, n_factors, hidden):
    return (n_users + n_movies) * n_factors + layers_of([2 * n_factors, hidden[0], 1])


# --- hidden_layers ---------------------------------------------------------------------------------------------------


def chain(n_in, hidden, dropout_rate, activation=nn.ReLU, dropout=nn.Dropout):
    layers = []
    for n_out in hidden:
        layers += [nn.Linear(n_in, n_out), activation(), dropout(dropout_rate)]
        n_in = n_out
    return layers


def as_list(hidden):
    return [hidden] if isinstance(hidden, int) else hidden


@mistake(
    "deep_recommender.hidden_layers",
    hint="PyTorch finds no parameter in what you return: it does not look into Python lists. These layers are never "
    "trained, and evaluation mode does not reach their dropout. Look at the last line: which module holds a chain "
    "of layers? And what does the loop do when `hidden` is a single int?",
)
def layers_in_a_plain_list(n_in, hidden, dropout_rate):
    layers = []
    for n_out in hidden:
        layers.append(nn.Linear(n_in, n_out))
        layers.append(nn.ReLU())
        layers.append(nn.Dropout(dropout_rate))
        n_in = n_out
    return layers


@mistake(
    "deep_recommender.hidden_layers",
    hint="A single int works now, but the layers still stand in a plain Python list. PyTorch does not look into it, so "
    "it neither trains them nor switches off their dropout.",
)
def still_a_plain_list(n_in, hidden, dropout_rate):
    return chain(n_in, as_list(hidden), dropout_rate)


@mistake(
    "deep_recommender.hidden_layers",
    hint="PyTorch knows your layers now. There is a second defect: a single int as `hidden`, which the docstring "
    "allows, raises an error, because a loop cannot run over a number.",
)
def single_int_crashes(n_in, hidden, dropout_rate):
    return nn.Sequential(*chain(n_in, hidden, dropout_rate))


@mistake(
    "deep_recommender.hidden_layers",
    hint="A `ModuleList` registers the layers, and that is the main thing. But it cannot be called, and the docstring "
    "asks for one module that can. There is a module that also sends its input through the chain.",
)
def module_list(n_in, hidden, dropout_rate):
    return nn.ModuleList(chain(n_in, as_list(hidden), dropout_rate))


@mistake(
    "deep_recommender.hidden_layers",
    hint="What you return is a module, but it keeps its layers in a plain Python list. PyTorch does not look into "
    "lists, wherever they stand. Let a module that is made for it hold the layers.",
)
def list_inside_a_module(n_in, hidden, dropout_rate):
    class Hidden(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = chain(n_in, as_list(hidden), dropout_rate)

        def forward(self, x):
            for layer in self.layers:
                x = layer(x)
            return x

    return Hidden()


@mistake(
    "deep_recommender.hidden_layers",
    hint="There is no activation function between your linear layers. Without one, many layers in a row compute no "
    "more than a single linear layer could.",
)
def no_activation(n_in, hidden, dropout_rate):
    return nn.Sequential(*chain(n_in, as_list(hidden), dropout_rate, activation=nn.Identity))


@mistake(
    "deep_recommender.hidden_layers",
    hint="Your activation is a sigmoid. The docstring asks for ReLU, which keeps positive numbers as they are.",
)
def sigmoid_inside(n_in, hidden, dropout_rate):
    return nn.Sequential(*chain(n_in, as_list(hidden), dropout_rate, activation=nn.Sigmoid))


@mistake(
    "deep_recommender.hidden_layers",
    hint="No dropout stands behind your last layer, or behind any. Each hidden layer ends with it, the last one, too.",
)
def without_dropout(n_in, hidden, dropout_rate):
    return nn.Sequential(*chain(n_in, as_list(hidden), dropout_rate, dropout=lambda rate: nn.Identity()))


@mistake(
    "deep_recommender.hidden_layers",
    hint="The share of silent neurons is not the one that was asked for. `dropout_rate` is the share that dropout "
    "silences, not the share it keeps.",
)
def keeps_instead_of_drops(n_in, hidden, dropout_rate):
    return nn.Sequential(*chain(n_in, as_list(hidden), 1 - dropout_rate))


@mistake(
    "deep_recommender.hidden_layers",
    hint="Every layer reads `n_in` numbers in your chain. The second layer reads what the first one gives: `n_in` has "
    "to "
    "change after each layer.",
)
def sizes_do_not_chain(n_in, hidden, dropout_rate):
    layers = []
    for n_out in as_list(hidden):
        layers += [nn.Linear(n_in, n_out), nn.ReLU(), nn.Dropout(dropout_rate)]
    return nn.Sequential(*layers)


@mistake(
    "deep_recommender.hidden_layers",
    hint="Your last hidden layer has neither ReLU nor dropout. These are the hidden layers only: the layer without an "
    "activation, `fc`, stands behind them and is not built here.",
)
def last_layer_bare(n_in, hidden, dropout_rate):
    return nn.Sequential(*chain(n_in, as_list(hidden), dropout_rate)[:-2])


@mistake(
    "deep_recommender.hidden_layers",
    hint="`nn.Sequential` takes the layers one by one, and you hand it a list. A star in front of the list unpacks it.",
)
def a_list_in_sequential(n_in, hidden, dropout_rate):
    return nn.Sequential(chain(n_in, as_list(hidden), dropout_rate))


distractor(
    "deep_recommender.plain_list",
    "a",
    hint="`backward()` does compute gradients for them, but an optimizer changes only the parameters it was given, and "
    "`model.parameters()` does not contain these.",
)
distractor(
    "deep_recommender.plain_list",
    "b",
    hint="Numbers do flow through the hidden layers: their outputs differ from their inputs, and the last layer reads "
    "them. They are used; they are only never changed.",
)
distractor(
    "deep_recommender.plain_list",
    "d",
    hint="Dropout sets random numbers to 0. It changes no weight, and adds nothing that could be learned.",
)

# --- to_range --------------------------------------------------------------------------------------------------------


@mistake(
    "deep_recommender.to_range",
    hint="You wrote the numbers of one scale into the function. It is given the ends of the scale: use `minmax`.",
)
def ignores_minmax(x, minmax):
    return torch.sigmoid(x) * 4 + 1


@mistake(
    "deep_recommender.to_range",
    hint="Your results begin at 0 and end at the highest rating. A scale from 1 to 5 is 4 long, and begins at 1.",
)
def stretched_by_the_highest(x, minmax):
    return torch.sigmoid(x) * minmax[1]


@mistake(
    "deep_recommender.to_range",
    hint="The length is right, the place is not: your results begin at 0. Shift them to the lowest rating.",
)
def not_shifted(x, minmax):
    return torch.sigmoid(x) * (minmax[1] - minmax[0])


@mistake(
    "deep_recommender.to_range",
    hint="You shift to the lowest rating but stretch by the highest, so the results go beyond the scale. How long is a "
    "scale from 1 to 5?",
)
def stretched_too_far(x, minmax):
    return minmax[0] + torch.sigmoid(x) * minmax[1]


@mistake(
    "deep_recommender.to_range",
    hint="You cut off what is outside the scale. There the gradient is 0, so training could never bring a prediction "
    "back. A sigmoid bends the numbers into the scale instead.",
)
def clipped(x, minmax):
    return x.clamp(*minmax)


@mistake(
    "deep_recommender.to_range",
    hint="You stretch between the smallest and the largest number of this batch. A prediction then depends on who else "
    "is in the batch. Each number should be turned into stars by itself.",
)
def by_the_batch(x, minmax):
    return minmax[0] + (minmax[1] - minmax[0]) * (x - x.min()) / (x.max() - x.min())


@mistake(
    "deep_recommender.to_range",
    hint="You stretch and shift, but there is no sigmoid: large numbers leave the scale.",
)
def without_sigmoid(x, minmax):
    return minmax[0] + (minmax[1] - minmax[0]) * x


@mistake(
    "deep_recommender.to_range",
    hint="First squeeze, then stretch. You stretched first, and the sigmoid came last: everything lies between 0 and "
    "1.",
)
def sigmoid_last(x, minmax):
    return torch.sigmoid(minmax[0] + (minmax[1] - minmax[0]) * x)


@mistake(
    "deep_recommender.to_range",
    hint="The stars are right, but no gradient gets back through them, so nothing in front of them could be learned. "
    "Stay with tensors: no NumPy, no `detach()`.",
)
def gradients_cut_off(x, minmax):
    return minmax[0] + (minmax[1] - minmax[0]) * torch.sigmoid(x.detach())


distractor(
    "deep_recommender.exactly_five",
    "a",
    hint="A score of 0 gives 3 stars, the middle. To get nearer to 5, the score must grow, and there is no finite "
    "score "
    "with a sigmoid of 1.",
)
distractor(
    "deep_recommender.exactly_five",
    "c",
    hint="Nothing overflows and nothing raises: a sigmoid is defined for every number, and the loss is small where "
    "predictions come near to 5. The question is how near, and how fast.",
)
distractor(
    "deep_recommender.exactly_five",
    "d",
    hint="The loss compares a prediction with the rating as it is; nobody replaces a 5 by something else.",
)

# --- forward ---------------------------------------------------------------------------------------------------------


def scores_of(model, users, movies):
    x = model.drop(torch.cat([model.users(users), model.movies(movies)], dim=1))
    return model.fc(model.hidden(x))


def stretch(x, minmax):
    return minmax[0] + (minmax[1] - minmax[0]) * torch.sigmoid(x)


@mistake(
    "deep_recommender.forward",
    hint="Your predictions have the shape (batch_size, 1). Compared with ratings of the shape (batch_size,), PyTorch "
    "would subtract each prediction from every rating. Remove the second dimension.",
)
def a_column(model, users, movies, minmax):
    return stretch(scores_of(model, users, movies), minmax)


@mistake(
    "deep_recommender.forward",
    hint="All is well until a batch has a single pair: `squeeze()` without an argument then removes the batch, too. "
    "Name the dimension that is too many.",
)
def squeezes_everything(model, users, movies, minmax):
    return stretch(scores_of(model, users, movies), minmax).squeeze()


@mistake(
    "deep_recommender.forward",
    hint="You wrote the scale from 1 to 5 into the function. Another scale is asked for: use `minmax`.",
)
def scale_written_in(model, users, movies, minmax):
    return stretch(scores_of(model, users, movies).squeeze(1), (1, 5))


@mistake(
    "deep_recommender.forward",
    hint="Your predictions are the raw outputs of `fc`, any real numbers. The sigmoid, stretched to the scale, is "
    "missing.",
)
def raw_scores(model, users, movies, minmax):
    return scores_of(model, users, movies).squeeze(1)


@mistake(
    "deep_recommender.forward",
    hint="Your predictions lie between 0 and 1. The sigmoid still has to be stretched and shifted to the scale.",
)
def between_0_and_1(model, users, movies, minmax):
    return torch.sigmoid(scores_of(model, users, movies)).squeeze(1)


@mistake(
    "deep_recommender.forward",
    hint="In training mode no number is dropped. Either `model.drop` is not used, or your function switches the model "
    "to evaluation mode. Who calls it sets the mode.",
)
def without_drop(model, users, movies, minmax):
    x = torch.cat([model.users(users), model.movies(movies)], dim=1)
    return stretch(model.fc(model.hidden(x)).squeeze(1), minmax)


@mistake(
    "deep_recommender.forward",
    hint="The movie's vector stands in front of the user's. The layers cannot tell, and would learn it so; but this "
    "model has weights for the user first.",
)
def movies_in_front(model, users, movies, minmax):
    x = model.drop(torch.cat([model.movies(movies), model.users(users)], dim=1))
    return stretch(model.fc(model.hidden(x)).squeeze(1), minmax)


@mistake(
    "deep_recommender.forward",
    hint="You use the first linear layer of `hidden` only. `hidden` is one module with all layers and activations: "
    "call "
    "it as a whole.",
)
def skips_the_activation(model, users, movies, minmax):
    x = model.drop(torch.cat([model.users(users), model.movies(movies)], dim=1))
    return stretch(model.fc(model.hidden[0](x)).squeeze(1), minmax)


@mistake(
    "deep_recommender.forward",
    hint="You cut off the scores at the ends of the scale. There the gradient is 0. A sigmoid, stretched to the scale, "
    "bends all scores into it.",
)
def cut_off_at_the_ends(model, users, movies, minmax):
    return scores_of(model, users, movies).squeeze(1).clamp(*minmax)


@mistake(
    "deep_recommender.forward",
    hint="No gradient gets back to the tables, so nothing can be learned: you switched recording off, by `no_grad`, "
    "`detach()` or `.data`. Training uses this function, too.",
)
def without_gradients(model, users, movies, minmax):
    with torch.no_grad():
        return stretch(scores_of(model, users, movies).squeeze(1), minmax)


# --- train_epoch -----------------------------------------------------------------------------------------------------


def each_batch(model, batches, criterion, optimizer, clear=True, step=True, mode=True):
    """Train, and give (loss as a tensor, number of ratings) of each batch."""
    model.train(mode)
    for users, movies, ratings in batches:
        if clear:
            optimizer.zero_grad()
        loss = criterion(model(users, movies), ratings)
        loss.backward()
        if step:
            optimizer.step()
        yield loss, len(ratings)


def pooled(pairs):
    pairs = [(loss.item(), n) for loss, n in pairs]
    return sum(loss * n for loss, n in pairs) / sum(n for _, n in pairs)


@mistake(
    "deep_recommender.train_epoch",
    hint="You averaged the losses of the batches. The last batch is smaller, so each of its ratings counts more than "
    "other ratings. Weigh each loss by the number of ratings in its batch.",
)
def mean_of_batch_means(model, batches, criterion, optimizer):
    losses = [loss.item() for loss, _ in each_batch(model, batches, criterion, optimizer)]
    return sum(losses) / len(losses)


@mistake(
    "deep_recommender.train_epoch",
    hint="You return the loss of the last batch. That is a few ratings picked by chance, and not the epoch.",
)
def only_the_last_batch(model, batches, criterion, optimizer):
    return [loss.item() for loss, _ in each_batch(model, batches, criterion, optimizer)][-1]


@mistake(
    "deep_recommender.train_epoch",
    hint="You added up the losses of the batches and did not divide. The result grows with the number of batches.",
)
def sum_of_losses(model, batches, criterion, optimizer):
    return sum(loss.item() for loss, _ in each_batch(model, batches, criterion, optimizer))


@mistake(
    "deep_recommender.train_epoch",
    hint="You multiply each loss by the size of its batch, which gives sums. Then divide by the number of ratings, "
    "not by the number of batches.",
)
def divided_by_batches(model, batches, criterion, optimizer):
    return sum(loss.item() * n for loss, n in each_batch(model, batches, criterion, optimizer)) / len(batches)


@mistake(
    "deep_recommender.train_epoch",
    hint="The gradients of earlier batches are still there when a new one arrives, because `backward()` adds to them. "
    "Clear them for each batch.",
)
def gradients_pile_up(model, batches, criterion, optimizer):
    return pooled(each_batch(model, batches, criterion, optimizer, clear=False))


@mistake(
    "deep_recommender.train_epoch",
    hint="The weights do not change. Either the optimizer is never told to make a step, or the gradients are cleared "
    "between `backward()` and the step.",
)
def never_steps(model, batches, criterion, optimizer):
    return pooled(each_batch(model, batches, criterion, optimizer, step=False))


@mistake(
    "deep_recommender.train_epoch",
    hint="You return a tensor that still carries the way it was computed, and with it the graphs of all batches. Take "
    "the plain number out of each loss before you add it up.",
)
def keeps_the_graphs(model, batches, criterion, optimizer):
    total, n_ratings = 0, 0
    for loss, n in each_batch(model, batches, criterion, optimizer):
        total += loss * n
        n_ratings += n
    return total / n_ratings


@mistake(
    "deep_recommender.train_epoch",
    hint="The model trains in evaluation mode, in which dropout sleeps. Somebody may have measured before: switch to "
    "training mode at the start.",
)
def mode_not_switched(model, batches, criterion, optimizer):
    return pooled(each_batch(model, batches, criterion, optimizer, mode=False))


@mistake(
    "deep_recommender.train_epoch",
    hint="You use the mean squared error, whatever `criterion` is given. Call the criterion.",
)
def loss_of_its_own(model, batches, criterion, optimizer):
    return pooled(each_batch(model, batches, F.mse_loss, optimizer))


@mistake(
    "deep_recommender.train_epoch",
    hint="You add up the losses of the batches, which are means, and divide by the number of ratings. Make each a sum "
    "first: times the number of ratings in its batch.",
)
def means_over_ratings(model, batches, criterion, optimizer):
    pairs = [(loss.item(), n) for loss, n in each_batch(model, batches, criterion, optimizer)]
    return sum(loss for loss, _ in pairs) / sum(n for _, n in pairs)


@mistake(
    "deep_recommender.train_epoch",
    hint="The weights change once, after the last batch. Clear and step inside the loop: a step for each batch.",
)
def one_step_at_the_end(model, batches, criterion, optimizer):
    optimizer.zero_grad()
    loss = pooled(each_batch(model, batches, criterion, optimizer, clear=False, step=False))
    optimizer.step()
    return loss


# --- run_epochs ------------------------------------------------------------------------------------------------------


@mistake(
    "deep_recommender.run_epochs",
    hint="Follow `loss` back: when the scheduler is told, it holds the loss of the last batch, a handful of training "
    "ratings picked by chance. `validate` is never called.",
)
def scheduler_fed_the_last_batch(new_batches, train_batch, validate, scheduler, n_epochs):
    history = []
    for _ in range(n_epochs):
        for batch in new_batches():
            loss = train_batch(batch)
        scheduler.step(loss)
        history.append(loss)
    return history


@mistake(
    "deep_recommender.run_epochs",
    hint="The history is right now, but the scheduler is still told the loss of the last batch. It should hear the "
    "same "
    "number that you write down.",
)
def only_the_history_repaired(new_batches, train_batch, validate, scheduler, n_epochs):
    history = []
    for _ in range(n_epochs):
        for batch in new_batches():
            loss = train_batch(batch)
        history.append(validate())
        scheduler.step(loss)
    return history


@mistake(
    "deep_recommender.run_epochs",
    hint="The scheduler is right now, but the history still holds the loss of the last batch.",
)
def only_the_scheduler_repaired(new_batches, train_batch, validate, scheduler, n_epochs):
    history = []
    for _ in range(n_epochs):
        for batch in new_batches():
            loss = train_batch(batch)
        scheduler.step(validate())
        history.append(loss)
    return history


@mistake(
    "deep_recommender.run_epochs",
    hint="You take the mean training loss of the epoch. It is steadier than that of one batch, but it goes on falling "
    "while the model learns its ratings by heart. What counts is the loss on validation ratings.",
)
def mean_training_loss(new_batches, train_batch, validate, scheduler, n_epochs):
    history = []
    for _ in range(n_epochs):
        losses = [train_batch(batch) for batch in new_batches()]
        history.append(sum(losses) / len(losses))
        scheduler.step(history[-1])
    return history


@mistake(
    "deep_recommender.run_epochs",
    hint="You validate and tell the scheduler after every batch. Its patience is counted in epochs: once each is "
    "enough.",
)
def after_every_batch(new_batches, train_batch, validate, scheduler, n_epochs):
    history = []
    for _ in range(n_epochs):
        for batch in new_batches():
            train_batch(batch)
            loss = validate()
            scheduler.step(loss)
        history.append(loss)
    return history


@mistake(
    "deep_recommender.run_epochs",
    hint="You ask for batches once, so every epoch has the same batches in the same order. Ask anew in each epoch.",
)
def batches_made_once(new_batches, train_batch, validate, scheduler, n_epochs):
    batches, history = new_batches(), []
    for _ in range(n_epochs):
        for batch in batches:
            train_batch(batch)
        history.append(validate())
        scheduler.step(history[-1])
    return history


@mistake(
    "deep_recommender.run_epochs",
    hint="You validate before the epoch's training. So your first number belongs to an untrained model, and the last "
    "epoch is never measured.",
)
def validates_first(new_batches, train_batch, validate, scheduler, n_epochs):
    history = []
    for _ in range(n_epochs):
        history.append(validate())
        for batch in new_batches():
            train_batch(batch)
        scheduler.step(history[-1])
    return history


@mistake(
    "deep_recommender.run_epochs",
    hint="The scheduler is told the best loss so far, which never rises. It keeps its own record of the best; tell it "
    "the loss of this epoch.",
)
def tells_the_best(new_batches, train_batch, validate, scheduler, n_epochs):
    history = []
    for _ in range(n_epochs):
        for batch in new_batches():
            train_batch(batch)
        history.append(validate())
        scheduler.step(min(history))
    return history


@mistake(
    "deep_recommender.run_epochs",
    hint="The scheduler hears nothing, so the learning rate stays as it is. Call its `step` once an epoch.",
)
def scheduler_forgotten(new_batches, train_batch, validate, scheduler, n_epochs):
    history = []
    for _ in range(n_epochs):
        for batch in new_batches():
            train_batch(batch)
        history.append(validate())
    return history


@mistake(
    "deep_recommender.run_epochs",
    hint="Nothing is trained any more: `train_batch` is never called. Keep it in the inner loop, and validate behind "
    "that loop.",
)
def nothing_trained(new_batches, train_batch, validate, scheduler, n_epochs):
    history = []
    for _ in range(n_epochs):
        new_batches()
        history.append(validate())
        scheduler.step(history[-1])
    return history


@mistake(
    "deep_recommender.run_epochs",
    hint="The numbers are right, but you validate twice in each epoch, which takes twice the time. Call `validate` "
    "once, and keep its result.",
)
def validates_twice(new_batches, train_batch, validate, scheduler, n_epochs):
    history = []
    for _ in range(n_epochs):
        for batch in new_batches():
            train_batch(batch)
        scheduler.step(validate())
        history.append(validate())
    return history


# --- evaluate --------------------------------------------------------------------------------------------------------


def errors_of(model, users, movies, ratings):
    model.eval()
    with torch.no_grad():
        return model(users, movies) - ratings


def rmse_of(errors):
    return errors.square().mean().sqrt().item()


def near(errors):
    return (errors.abs() < 0.5).float().mean().item()


@mistake(
    "deep_recommender.evaluate",
    hint="Your first number is the mean squared error, in squared stars. Take its root.",
)
def no_root(model, users, movies, ratings):
    errors = errors_of(model, users, movies, ratings)
    return errors.square().mean().item(), near(errors)


@mistake(
    "deep_recommender.evaluate",
    hint="Your first number is the mean absolute error: the root of each square is taken before the mean. The order "
    "matters: square, mean, root.",
)
def root_before_mean(model, users, movies, ratings):
    errors = errors_of(model, users, movies, ratings)
    return errors.abs().mean().item(), near(errors)


@mistake(
    "deep_recommender.evaluate",
    hint="The model is measured in training mode. Its dropout silences neurons at random, which makes it look worse "
    "than "
    "it is. Switch the mode.",
)
def in_training_mode(model, users, movies, ratings):
    with torch.no_grad():
        errors = model(users, movies) - ratings
    return rmse_of(errors), near(errors)


@mistake(
    "deep_recommender.evaluate",
    hint="Gradients are recorded while you measure. `model.eval()` does not switch that off; it is the job of "
    "`torch.no_grad()`. Without it, memory and time are wasted.",
)
def records_gradients(model, users, movies, ratings):
    model.eval()
    errors = model(users, movies) - ratings
    return rmse_of(errors), near(errors)


@mistake(
    "deep_recommender.evaluate",
    hint="Your accuracy is a number of ratings. Divide by how many there are.",
)
def accuracy_as_a_count(model, users, movies, ratings):
    errors = errors_of(model, users, movies, ratings)
    return rmse_of(errors), (errors.abs() < 0.5).sum().item()


@mistake(
    "deep_recommender.evaluate",
    hint="You forgot the absolute value: a prediction that is two stars too low has the error −2, which is less than "
    "0.5, too.",
)
def accuracy_without_abs(model, users, movies, ratings):
    errors = errors_of(model, users, movies, ratings)
    return rmse_of(errors), (errors < 0.5).float().mean().item()


@mistake(
    "deep_recommender.evaluate",
    hint="You accept errors up to a whole star. The docstring says half a star.",
)
def within_a_star(model, users, movies, ratings):
    errors = errors_of(model, users, movies, ratings)
    return rmse_of(errors), (errors.abs() < 1).float().mean().item()


@mistake(
    "deep_recommender.evaluate",
    hint="You rounded predictions and asked whether they equal the rating. That works for whole stars only, and here "
    "ratings lie between them, too. Ask whether the distance is less than half a star.",
)
def accuracy_by_rounding(model, users, movies, ratings):
    model.eval()
    with torch.no_grad():
        predictions = model(users, movies)
    return rmse_of(predictions - ratings), (predictions.round() == ratings).float().mean().item()


@mistake("deep_recommender.evaluate", hint="The two results have changed places: the error comes first.")
def places_changed(model, users, movies, ratings):
    errors = errors_of(model, users, movies, ratings)
    return near(errors), rmse_of(errors)


distractor(
    "deep_recommender.what_depth_adds",
    "a",
    hint="More functions can be computed, but which one is found depends on data and training. Look at the table: is "
    "the deepest network the best?",
)
distractor(
    "deep_recommender.what_depth_adds",
    "b",
    hint="Without hidden layers you would be right that it has no way to combine user and movie. But ReLU layers can "
    "come close to any continuous function, products included.",
)
distractor(
    "deep_recommender.what_depth_adds",
    "c",
    hint="Both models look up one vector for each user and each movie. Somebody without ratings has an untrained "
    "vector "
    "in either of them, and depth cannot make up for it.",
)
