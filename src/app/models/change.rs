//! Choosing and removing models.

use super::list::{ChosenBy, FileState, state, to_run};
use super::pull::discard;
use super::{Catalogue, catalogue, conflict, writers};
use crate::app::{App, AppError, fitness};
use crate::domain::log::Actor;
use crate::domain::model::{ModelName, Purpose};
use crate::store::entity::{model, model_in_use};
use serde::Serialize;
use std::fs;
use std::io::ErrorKind;

/// What a choice came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Chosen {
    /// The model.
    pub name: ModelName,
    /// What it is used for now.
    pub purpose: Purpose,
    /// When it takes effect, as a sentence.
    pub says: String,
}

/// Makes a model the machine's chat model or embedding model, by what it is for.
///
/// # Errors
/// [`AppError::NotFound`]; [`AppError::Conflict`] if a setting names another one or its file is not the one that was pinned;
/// [`AppError::Invalid`] for an adapter.
pub async fn use_model(app: &App, by: Actor, name: ModelName) -> Result<Chosen, AppError> {
    let catalogue = catalogue(app)?;
    let _alone = catalogue.changing.lock().await;
    let row = app.store().model(&name).await?.ok_or(AppError::NotFound("the model"))?;
    let purpose = row.purpose;
    let Some(configured) = catalogue.settings.configured(purpose) else {
        return Err(AppError::Invalid(format!(
            "the model {name} is an adapter, which changes a chat model; name it in the settings of the agent that is to use it"
        )));
    };
    usable(catalogue, &row)?;
    if let Some(setting) = &configured.named_by {
        let noun = purpose.noun();
        return Err(conflict(format!(
            "the {noun} is named by {setting}, which wins; take it away there first, then run this again; nothing was changed"
        )));
    }
    let (chosen_by, chosen_at, chosen) = (by.to_string(), app.now(), name.clone());
    app.store()
        .write_for_machine(move |tx| {
            let row = model_in_use::Model {
                purpose,
                name: chosen.clone(),
                chosen_by: chosen_by.clone(),
                chosen_at,
            };
            Box::pin(async move { Ok::<_, AppError>(tx.use_model(row).await?) })
        })
        .await?;
    tracing::info!(model.name = %name, model.purpose = ?purpose, by = %by, "A model was chosen");
    let says = format!("{name} is the {} from the next start of Holdpoint on", purpose.noun());
    let says = match purpose {
        Purpose::Embed => {
            says + "; all knowledge is then indexed anew, and until that is done it is found by words alone."
        }
        _ => says + ".",
    };
    Ok(Chosen { name, purpose, says })
}

/// Refuses a model whose file is not what was pinned.
fn usable(catalogue: &Catalogue, row: &model::Model) -> Result<(), AppError> {
    let name = &row.name;
    match state(&catalogue.settings.folder, row) {
        FileState::Present => Ok(()),
        FileState::Missing => Err(conflict(format!(
            "the file of {name} is not in the models folder; bring it back by adding or pulling it again (it came from {})",
            row.source
        ))),
        FileState::Changed => Err(conflict(format!(
            "the file of {name} has changed since it was pinned; look with `holdpoint model list --verify`, and if it is another one, remove it and add it again"
        ))),
    }
}

/// What a removal came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Removed {
    /// The name.
    pub name: ModelName,
    /// What happened, as a sentence.
    pub says: String,
}

/// Takes a model out of the catalogue and deletes its file in the models folder, and nothing outside of it. The name of a
/// download that did not come to its end discards what has come of it.
///
/// # Errors
/// [`AppError::NotFound`]; [`AppError::Conflict`] while it is used or on its way.
pub async fn remove(app: &App, by: Actor, name: ModelName) -> Result<Removed, AppError> {
    let catalogue = catalogue(app)?;
    let _alone = catalogue.changing.lock().await;
    if catalogue.arrivals.is_expected(&name) {
        return Err(conflict(format!(
            "the model {name} is on its way in; wait for it, or stop it: holdpoint model pull URL --cancel"
        )));
    }
    let folder = &catalogue.settings.folder;
    let discarded = discard(folder, &name).map_err(|error| cannot_remove(&error))?;
    let Some(row) = app.store().model(&name).await? else {
        return if discarded {
            let says = format!("What had been downloaded of {name} is gone.");
            Ok(Removed { name, says })
        } else {
            Err(AppError::NotFound("the model"))
        };
    };
    refuse_used(app, catalogue, &row).await?;
    if row.purpose == Purpose::Adapter {
        writers::refuse_named(app, &name).await?;
    }
    if fitness::is_running(app) {
        return Err(conflict(
            "the models are being checked; remove this one when that is done".to_owned(),
        ));
    }
    let gone = row.clone();
    app.store()
        .write_for_machine(move |tx| {
            let row = gone.clone();
            Box::pin(async move {
                // Chosen, but a setting names another one: the choice goes with the model.
                if let Some(choice) = tx
                    .model_in_use(row.purpose)
                    .await?
                    .filter(|choice| choice.name == row.name)
                {
                    tx.forget_choice(choice).await?;
                }
                tx.forget_model_checks(row.name.as_str()).await?;
                Ok::<_, AppError>(tx.remove_model(row).await?)
            })
        })
        .await?;
    fitness::read_again(app);
    tracing::info!(model.name = %name, by = %by, "A model was removed");
    // The name holds no separator, so this cannot leave the folder.
    match fs::remove_file(folder.join(name.file())) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(cannot_remove(&error)),
        _ => {}
    }
    let says =
        format!("{name} is gone from the models folder. A file elsewhere that it was added from stays where it is.");
    Ok(Removed { name, says })
}

fn cannot_remove(error: &std::io::Error) -> AppError {
    AppError::Invalid(format!(
        "a file in the models folder cannot be removed ({error}); check the permissions of the folder"
    ))
}

async fn refuse_used(app: &App, catalogue: &Catalogue, row: &model::Model) -> Result<(), AppError> {
    let (name, purpose) = (&row.name, row.purpose);
    let running = to_run(app.store(), &catalogue.settings).await?;
    let file = catalogue.settings.folder.join(name.file());
    let Some(used) = running.of(purpose).filter(|running| running.file == file) else {
        return Ok(());
    };
    let noun = purpose.noun();
    let setting = catalogue
        .settings
        .configured(purpose)
        .and_then(|configured| configured.named_by.clone());
    Err(conflict(match (used.by, setting) {
        (ChosenBy::Configuration, Some(setting)) => {
            format!("the model {name} is in use: {setting} names it; change that first, then remove it")
        }
        _ => format!("the model {name} is in use as the {noun}; choose another one first: holdpoint model use NAME"),
    }))
}
