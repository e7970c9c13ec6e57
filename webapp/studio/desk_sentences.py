"""What the desk says to staff, in English, as its commands print it; `sentences.py` speaks it in
the language of whoever reads. A test goes through the code and misses what is not here."""

N_ = str  # Marks a text for the catalogues.

OF_THE_DESK = (
    # On a request as a whole.
    N_("This request asks for that already."),
    N_("This request asks for that already, beside what it was taken for."),
    N_("This request does not ask for %(kind)s."),
    N_("Choose what else is asked for."),
    N_("What it asks for was granted and waits to be done; finish that first."),
    N_("Decide first on what else is asked for: %(kinds)s."),
    N_("Destruction has been granted and not carried out; do it before you close."),
    N_("This template goes with an act of its own."),
    # On a decision.
    N_("This request is closed; take it up again before you decide."),
    N_("On this it has been decided already."),
    N_("Say first what this message asks for; on that alone it is decided."),
    N_("A decision has %(most)s characters at the most."),
    N_("Make sure first that it is the person who asks: send the link, or say how."),
    N_("Place a legal hold on what is to be kept first; all the rest goes."),
    N_("Choose the ground that this decision rests upon."),
    N_("Nobody is known by this address: there is nothing to stop. Refuse it."),
    N_("Nobody is known by this address: there is nothing to lift. Refuse it."),
    N_("Nothing is blocked, so there is nothing to lift."),
    N_("A letter in their name has blocked it: only their own answer lifts that."),
    N_("They have withdrawn since: a yes of their own is what brings them back."),
    # On who asks.
    N_("Say how you made sure that it is the person."),
    N_("Say it in %(most)s characters at the most."),
    N_("Only for what is still to be answered is anybody asked."),
    N_("It is known already that it is the person who asks."),
    N_("They say that it was not them: only their answer to a new link changes that."),
    # On the clock.
    N_("Only what is still to be answered can wait for the person."),
    N_("It is past its outer limit: nothing stops that clock. Answer now."),
    N_("Only what is still to be answered can be extended."),
    N_("It has been extended once; a second time there is not."),
    N_("Choose a day after the one that it is due on."),
    N_("The outer limit is before that day; nothing goes beyond it."),
    # On two that are one.
    N_("A request is not merged into itself."),
    N_("One of the two is closed; take it up again first."),
    N_("These two are not of the same person."),
    N_("Make sure first that the same person asks for what is added by this one."),
    # On what is put right, and what is written down on somebody's behalf.
    N_("Nothing would change; write what is to stand there."),
    N_("Nobody is known by this address, so nothing can be put right."),
    N_("Only while it is to be answered is anything put right by a request."),
    N_("This is the address that is used already."),
    N_("The policy version in force does not declare %(field)s."),
    N_("No policy is in force, so no field may be kept."),
    N_("Nothing is kept of this person any more."),
    N_("Enter %(most)s characters at the most."),
    N_("Enter an address like name@example.kz."),
    N_("Say whether it came on paper or was told to staff."),
    N_("Enter the day on which it came: within 90 days, up to now."),
    N_("Choose what is asked for."),
    N_("Only a right of the list can be asked for here."),
    N_("Write %(most)s characters at the most."),
    N_("Enter plain text; a character in it cannot be kept."),
    # On the registers, files and disclosures.
    N_("It cannot have been noticed in the future."),
    N_("Enter a number of people, or leave it empty."),
    N_("The authority has been told of this incident already."),
    N_("Of this incident it has been written down already."),
    N_("Write down first that the authority was told, or why it need not be."),
    N_("This incident is closed already."),
    N_("This incident is open."),
    N_("There is no incident %(number)s."),
    N_("Write what there is to say; the register keeps it."),
    N_("Enter a year like 2026."),
    N_("Choose a language, or no digest."),
    N_("There is no certificate %(number)s."),
    N_("There is no legal hold %(number)s."),
    N_("There is no such bundle."),
    N_("This bundle is on its way or over. Make another one."),
    N_("This bundle is not ready, or has been released already."),
    N_("There is no such disclosure."),
    N_("This disclosure is decided already."),
    N_("Somebody else has to decide this: nobody approves their own wish."),
    N_("A second person has to approve this disclosure before anything goes out."),
    N_("The role %(role)s may not %(act)s; it takes: %(able)s."),
    # What stood in the way of a destruction.
    N_("The decision was called off."),
    N_("They have come back since; they stay."),
    N_(
        "They have agreed anew since this was decided. Ask them; then call the decision off, "
        "and decide once more if they still want it."
    ),
    N_("The decision cools off until %(time)s."),
    N_("A message to this person is being handed over at this moment. Try again soon."),
    N_("Nothing was destroyed: the withdrawal journal cannot be written (%(why)s)."),
    N_("The person is not here any more."),
    N_(
        "Two people here may decide about destruction, so a second one has to approve; whoever "
        "decided may not."
    ),
    N_(
        "A legal hold keeps these data until %(day)s (%(basis)s). They are destroyed after "
        "that, or once it is lifted."
    ),
    N_("They say that it was not them who asked; nothing of theirs is destroyed."),
)

# As the pages of the desk call them (request_parts.html, `kind`).
RIGHT_NAMES = {
    "withdrawal": N_("Withdrawal"),
    "rectification": N_("Correction"),
    "question": N_("Question"),
    "access": N_("Access to own data"),
    "destruction": N_("Destruction"),
    "blocking": N_("Blocking"),
    "unblocking": N_("End of a blocking"),
}
